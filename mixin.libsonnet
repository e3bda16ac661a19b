// The bundle as a monitoring mixin (https://monitoring.mixins.dev). What an installation may change is in
// alert_rules/config.libsonnet, the limits of each alert in alert_rules/config/; nothing needs an edit here:
//
//   (import 'pantrywatch/mixin.libsonnet') + {
//     _config+:: {
//       selectors+: { application: 'job="crm"' },
//       fence: 'namespace="crm"',
//       alerts+: {
//         CrmTargetNoTraffic: { enabled: false },
//         CrmHostMemoryLow: { available: 0.1, 'for': '1h' },
//         CrmDatabaseConnectionsNearLimit: { share: { high: 0.7 } },
//         CrmApiLatencyBurn: { severity: { critical: 'high' } },
//         CrmMonitoringTargetDown: { expr: 'up{job="crm"} == 0', labels: { team: 'web' } },
//       },
//       targets+: { 'api-latency': { threshold: 1, objective: 0.99 } },
//       dashboards+: { 'crm-business': { enabled: false }, 'crm-overview': { refresh: '1m' } },
//     },
//   }
//
// A name that does not exist is an error that says which ones come near it.
local configuration = import 'alert_rules/config.libsonnet';
local rules = import 'alert_rules/rules.libsonnet';

{
  _config:: configuration.defaults,

  local given = self._config,
  local config = configuration.with(given),
  local entries = config.alerts,
  local groups =
    local layers = rules(given);
    std.flatMap(function(layer) layers[layer].groups, std.objectFields(layers)),

  // Groups of the rules that `wanted` accepts, without empty ones.
  local of(wanted, change) = [
    group { rules: rules }
    for group in groups
    for rules in [[change(rule) for rule in group.rules if wanted(rule)]]
    if rules != []
  ],

  local adapted(rule) =
    local change = entries[rule.alert];
    local severity = rule.labels.severity;
    local pages = {
      runbook_url: config.runbookPrefix + rule.annotations.runbook_url,
      dashboard_url: config.dashboardPrefix + rule.annotations.dashboard_url,
    };
    rule + (if 'expr' in change then { expr: change.expr } else {}) + {
      labels+: {
        severity: if 'severity' in change && severity in change.severity then change.severity[severity] else severity,
      } + (if 'labels' in change then change.labels else {}),
      annotations+: pages + (if 'annotations' in change then change.annotations else {}),
    },

  prometheusAlerts+:: {
    groups+: of(
      function(rule) 'alert' in rule && (!('enabled' in entries[rule.alert]) || entries[rule.alert].enabled),
      adapted
    ),
  },
  prometheusRules+:: { groups+: of(function(rule) 'record' in rule, function(rule) rule) },

  // File name → board.
  local boards = (import 'dashboards/boards.libsonnet')(config),
  local prefixed(variable) =
    if variable.name == 'runbooks' && config.runbookPrefix != '' then variable { query: config.runbookPrefix } else variable,
  local changes(board) = if board.uid in config.dashboards then config.dashboards[board.uid] else {},

  grafanaDashboards+:: {
    [board.uid + '.json']: board {
      templating: { list: std.map(prefixed, board.templating.list) },
    } + { [key]: changes(board)[key] for key in std.objectFields(changes(board)) if key != 'enabled' }
    for folder in std.objectFields(boards)
    for board in boards[folder]
    if !('enabled' in changes(board)) || changes(board).enabled
  },
}
