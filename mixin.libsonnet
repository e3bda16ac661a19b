// The bundle as a monitoring mixin (https://monitoring.mixins.dev). Alerts can be switched off or changed, and targets
// given other numbers, without an edit here:
//
//   (import 'pantrywatch/mixin.libsonnet') + {
//     _config+:: {
//       alerts+: {
//         CrmTargetNoTraffic: { enabled: false },
//         CrmApiLatencyBurn: { 'for': '10m', severity: { critical: 'high' } },
//         CrmMonitoringTargetDown: { expr: 'up{job="crm"} == 0' },
//       },
//       targets+: { 'api-latency': { threshold: 1, objective: 0.99 } },
//       dashboards+: { 'crm-business': { enabled: false }, 'crm-overview': { refresh: '1m' } },
//     },
//   }
local document = std.parseYaml(importstr 'targets.yaml');
local boards = import 'dashboards/boards.libsonnet';
local burn = import 'alert_rules/lib/burn.libsonnet';
local slo = import 'alert_rules/lib/slo.libsonnet';

// One file a layer; those of the targets are made anew, with the numbers of _config.
local layers = [
  import 'alert_rules/api.jsonnet',
  import 'alert_rules/cache.jsonnet',
  import 'alert_rules/database.jsonnet',
  import 'alert_rules/host.jsonnet',
  import 'alert_rules/synthetic.jsonnet',
  import 'alert_rules/monitoring.jsonnet',
  import 'alert_rules/health.jsonnet',
  import 'alert_rules/names.jsonnet',
];

{
  _config:: {
    // Target id → fields of its entry in targets.yaml that are to be others.
    targets: {},
    // Targets that are not fed here: no number, no alarm about missing data.
    notMeasured: [],
    // Alert name → `enabled`, `expr`, `for`, `severity` (its severity → another), `labels`, `annotations`.
    alerts: {},
    // Board's uid → `enabled`, and fields of the board that are to be others.
    dashboards: {},
    // Put in front of the pages an alert names.
    runbookPrefix: '',
    dashboardPrefix: '',
  },

  local config = self._config,
  local changed = document {
    targets: [
      target + (if target.id in config.targets then config.targets[target.id] else {})
      for target in document.targets
    ],
  },
  local measured = { [target.id]: !std.member(config.notMeasured, target.id) for target in changed.targets },
  local groups =
    std.flatMap(function(layer) layer.groups, layers)
    + slo.groups(changed)
    + burn.groups(changed)
    + (import 'alert_rules/installation.jsonnet')(measured).groups,

  // Groups of the rules that `wanted` accepts, without empty ones.
  local of(wanted, change) = [
    group { rules: rules }
    for group in groups
    for rules in [[change(rule) for rule in group.rules if wanted(rule)]]
    if rules != []
  ],

  local asked(rule) = if rule.alert in config.alerts then config.alerts[rule.alert] else {},
  local adapted(rule) =
    local change = asked(rule);
    local severity = rule.labels.severity;
    local pages = {
      runbook_url: config.runbookPrefix + rule.annotations.runbook_url,
    } + (
      if 'dashboard_url' in rule.annotations
      then { dashboard_url: config.dashboardPrefix + rule.annotations.dashboard_url } else {}
    );
    rule + { [key]: change[key] for key in ['expr', 'for'] if key in change } + {
      labels+: {
        severity: if 'severity' in change && severity in change.severity then change.severity[severity] else severity,
      } + (if 'labels' in change then change.labels else {}),
      annotations+: pages + (if 'annotations' in change then change.annotations else {}),
    },

  prometheusAlerts+:: {
    groups+: of(
      function(rule) 'alert' in rule && (!('enabled' in asked(rule)) || asked(rule).enabled),
      adapted
    ),
  },
  prometheusRules+:: { groups+: of(function(rule) 'record' in rule, function(rule) rule) },
  // File name → board. Boards show the series of the rules, so changed targets show on them; but the colours of a graph
  // stay those of targets.yaml.
  local prefixed(variable) =
    if variable.name == 'runbooks' && config.runbookPrefix != '' then variable { query: config.runbookPrefix } else variable,
  local changes(board) = if board.uid in config.dashboards then config.dashboards[board.uid] else {},

  grafanaDashboards+:: {
    [board.uid + '.json']: board {
      templating: { list: std.map(prefixed, board.templating.list) },
    } + { [key]: changes(board)[key] for key in std.objectFields(changes(board)) if key != 'enabled' }
    for folder in std.objectFields(boards)
    for board in boards[folder]
    if std.get(changes(board), 'enabled', true)
  },
}
