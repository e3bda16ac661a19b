// Events drawn across all graphs of a board.
local series = import '../../alert_rules/lib/slo_series.libsonnet';
local datasource = { type: 'prometheus', uid: '${datasource}' };

{
  // Firing alerts; `matchers` narrows them to those of the board, as `target="$target"`.
  alerts(matchers=''):: {
    name: 'Firing alerts',
    enable: true,
    hide: false,
    datasource: datasource,
    iconColor: 'red',
    // One series an alert: not one for each of its labels.
    expr: 'max by (alertname, severity, target, component) (ALERTS{%s})'
          % std.join(', ', ['alertstate="firing"', 'severity=~"critical|high"'] + (if matchers == '' then [] else [matchers])),
    step: '60s',
    titleFormat: '{{alertname}}',
    textFormat: '{{target}}{{component}}',
    tagKeys: 'severity',
    useValueForTime: false,
  },

  // Planned maintenance that budgets do not count, as a hatched region; `matchers` narrows it to a target.
  excluded(matchers=''):: {
    name: 'Excluded maintenance',
    enable: true,
    hide: false,
    datasource: datasource,
    iconColor: '#8e8e8e',
    expr: 'max(%s{%s}) == 1' % [series.excluded, matchers],
    step: '60s',
    titleFormat: 'Excluded from budgets',
    textFormat: 'Planned maintenance (`exclude` in the settings)',
    tagKeys: '',
    useValueForTime: false,
  },

  // What was deployed, when: the value of the series is the time, wherever it stands in the range shown.
  deployments:: {
    name: 'Deployments',
    enable: true,
    hide: false,
    datasource: datasource,
    iconColor: 'blue',
    expr: 'max by (version) (pantrywatch_deployment_timestamp_seconds) * 1000',
    step: '60s',
    titleFormat: 'Deployed {{version}}',
    textFormat: '',
    tagKeys: 'version',
    useValueForTime: true,
  },

  // What `pantrywatch advise --apply` changed in a database, when; a mark as that of a deployment.
  applied:: {
    name: 'Applied advice',
    enable: true,
    hide: false,
    datasource: datasource,
    iconColor: 'green',
    expr: 'max by (kind, server, database, object) (pantrywatch_advice_applied_timestamp_seconds) * 1000',
    step: '60s',
    titleFormat: 'Applied {{kind}}',
    textFormat: '{{server}}, {{database}}: {{object}}',
    tagKeys: 'kind',
    useValueForTime: true,
  },

  // Where the past that `./run up --history` made up ends, and what was measured begins.
  generated:: {
    name: 'Generated history',
    enable: true,
    hide: false,
    datasource: datasource,
    iconColor: 'purple',
    expr: 'max(pantrywatch_generated_until_seconds) * 1000',
    step: '60s',
    titleFormat: 'Generated history ends',
    textFormat: 'Everything before was made up by `./run up --history`.',
    tagKeys: '',
    useValueForTime: true,
  },
}
