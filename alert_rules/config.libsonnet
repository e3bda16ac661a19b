// What an installation may change, with the values we ship: `_config` of the mixin, and what `./run build` uses.
local nearest = import 'lib/nearest.libsonnet';
local targets = (import 'lib/targets.libsonnet')();

local boards = [
  'crm-api',
  'crm-business',
  'crm-cache',
  'crm-capacity',
  'crm-database',
  'crm-frontend',
  'crm-infrastructure',
  'crm-monitoring',
  'crm-overview',
  'crm-slo',
  'crm-synthetic',
  'crm-targets',
];

local defaults = {
  // Divides every duration of the rules: for a stack that shows in minutes what takes hours. 1 in production.
  speed: 1,

  // Target id → fields of its entry in targets.yaml that differ here.
  targets: {},
  // Targets that are not fed here: no number, and no alert about missing data.
  notMeasured: [],
  // Targets that are counted by their `on_server` in targets.yaml, for the same reason; neither of them is in both lists.
  onServer: [],
  // Targets that are counted by their `estimate` in targets.yaml: what measures them is not set up here.
  estimated: [],
  // Whether the application may measure its requests in milliseconds: their sum is converted then.
  milliseconds: false,

  // Days such as '2026-12-25' (UTC) that are like no other of their weekday: no hour of theirs is normal or unusual.
  holidays: [],

  // A matcher such as 'namespace="crm"' for a Prometheus that scrapes other applications, too: rules see scraped series
  // with it alone. Every target of this installation needs the label, Prometheus and Alertmanager as well. It takes
  // rjsonnet five seconds, Debian's jsonnet many minutes.
  fence: '',

  // How rules and boards find what they watch. Change them where your jobs or labels have other names.
  selectors: {
    // The CRM itself: one instance or several.
    application: 'job="application"',
    // Our own exporters.
    database: 'job="database"',
    database_log: 'job="database_log"',
    cache: 'job="cache"',
    host: 'job="host"',
    browser: 'job="browser"',
    frontend: 'job="rum"',
    // What runs the monitoring, for its own resource usage.
    monitoring: 'job=~"prometheus|alertmanager|exporter"',

    // Routes of the API, and those of them that users wait for. What a route means is a label since it was scraped.
    api: 'route_group=~"critical|api"',
    critical: 'route_group="critical"',
    // What the application serves besides its API.
    pages: 'route_group="page"',
    // Requests that log somebody in, how the CRM refuses one, and requests that search.
    logins: 'action="Logins"',
    searches: 'action="Searches"',
    refused: 'http_response_status_code=~"401|403|429"',
    // Failed requests.
    server_errors: 'http_response_status_code=~"5.."',
  },

  // Alert name → its limits, as in config/; `enabled` (false leaves it out), `expr` (instead of ours), `severity` (its
  // severity → another), `labels`, `annotations` (more, or other ones).
  alerts: (import 'config/access_log.libsonnet')
          + (import 'config/api.libsonnet')
          + (import 'config/baselines.libsonnet')
          + (import 'config/browser.libsonnet')
          + (import 'config/business.libsonnet')
          + (import 'config/cache.libsonnet')
          + (import 'config/causes.libsonnet')
          + (import 'config/database.libsonnet')
          + (import 'config/database_log.libsonnet')
          + (import 'config/forecasts.libsonnet')
          + (import 'config/frontend.libsonnet')
          + (import 'config/host.libsonnet')
          + (import 'config/synthetic.libsonnet')
          + (import 'config/monitoring.libsonnet')
          + (import 'config/network.libsonnet')
          + (import 'config/targets.libsonnet'),

  // Board uid → `enabled`, and fields of the board that differ here.
  dashboards: {},
  // Put in front of the pages an alert names.
  runbookPrefix: '',
  dashboardPrefix: '',
};

// Any alert takes these besides its own limits.
local of_any_alert = ['enabled', 'expr', 'for', 'keep_firing_for', 'severity', 'labels', 'annotations'];

// A misspelt name would change nothing, silently.
local checked(given) =
  local known(names, all, where) = nearest.known(names, all, '_config' + where) == names;
  local known_alerts = std.objectFields(defaults.alerts);
  assert known(std.objectFields(given), std.objectFields(defaults), '');
  assert known(std.objectFields(given.selectors), std.objectFields(defaults.selectors), '.selectors');
  assert known(std.objectFields(given.targets) + given.notMeasured + given.onServer + given.estimated, [target.id for target in targets.targets], '.targets');
  assert known(std.objectFields(given.dashboards), boards, '.dashboards');
  assert known(std.objectFields(given.alerts), known_alerts, '.alerts');
  assert std.foldl(
    function(so_far, name)
      so_far && known(
        std.objectFields(given.alerts[name]), std.objectFields(defaults.alerts[name]) + of_any_alert, '.alerts.' + name
      ),
    std.objectFields(given.alerts),
    true
  );
  assert std.foldl(
    function(so_far, id)
      so_far && known(std.objectFields(given.targets[id]), std.objectFields(targets.by_id(id)) + ['page'], '.targets.' + id),
    std.objectFields(given.targets),
    true
  );
  given;

// How the entry of a target differs where a substitute of targets.yaml counts it.
local substitute_of(id, field, basis) =
  local target = targets.by_id(id);
  if !(field in target) then error '_config: %s has no %s' % [id, field]
  else {
    sli: { histogram: target[field].histogram },
    basis: basis,
    requires: target[field].requires,
    limits: target[field].limits,
  };

{
  defaults:: defaults,

  // The defaults changed by `given`, at any depth: whoever names one limit of an alert keeps its others.
  with(given)::
    local config = std.mergePatch(defaults, checked(defaults + given));
    local substituted = { [id]: substitute_of(id, 'on_server', 'traffic') for id in config.onServer }
                        + { [id]: substitute_of(id, 'estimate', 'estimate') for id in config.estimated };
    config { targets: substituted + config.targets },
}
