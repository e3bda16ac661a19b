// Every layer: name of its file in generated/ → its rules. `changes` to the defaults of config.libsonnet.
function(changes={})
  local config = (import 'config.libsonnet').with(changes);
  {
    access_log: (import 'access_log.jsonnet')(config),
    api: (import 'api.jsonnet')(config),
    baselines: (import 'baselines.jsonnet')(config),
    browser: (import 'browser.jsonnet')(config),
    business: (import 'business.jsonnet')(config),
    cache: (import 'cache.jsonnet')(config),
    causes: (import 'causes.jsonnet')(config),
    database: (import 'database.jsonnet')(config),
    database_log: (import 'database_log.jsonnet')(config),
    delivery: (import 'delivery.jsonnet')(config),
    forecasts: (import 'forecasts.jsonnet')(config),
    frontend: (import 'frontend.jsonnet')(config),
    health: (import 'health.jsonnet')(config),
    host: (import 'host.jsonnet')(config),
    installation: (import 'installation.jsonnet')(config),
    monitoring: (import 'monitoring.jsonnet')(config),
    network: (import 'network.jsonnet')(config),
    synthetic: (import 'synthetic.jsonnet')(config),
    targets: (import 'targets.jsonnet')(config),
  }
