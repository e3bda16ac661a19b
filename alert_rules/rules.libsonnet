// Every layer: name of its file in generated/ → its rules. `changes` to the defaults of config.libsonnet.
function(changes={})
  local config = (import 'config.libsonnet').with(changes);
  local fenced = import 'lib/fence.libsonnet';
  local layers = {
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
  };
  local rules = [rule for layer in std.objectFields(layers) for group in layers[layer].groups for rule in group.rules];
  local recorded = { [name]: true for name in std.set([rule.record for rule in rules if 'record' in rule]) };
  local within(group) =
    group { rules: [rule { expr: fenced(rule.expr, config.fence, recorded) } for rule in group.rules] };
  if config.fence == '' then layers else { [layer]: { groups: std.map(within, layers[layer].groups) } for layer in std.objectFields(layers) }
