// Do people get their work done?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local count(range, before='') = queries.each(function(action) queries.count(action, range=range, before=before));

  [
    panel.stat(
      action.name,
      'Successful requests (2xx) in the last hour: %s each. Compare with the same hour a week ago in the table below. Far fewer with people at work: something prevents them. Not seen: the application is down, or names its routes differently (dashboards/business/queries.libsonnet).' % action.one,
      'none',
      [panel.now(queries.count(action))],
      'none, or not seen',
    ) + panel.decimals(0) + panel.plain_stat
    for action in queries.actions
  ] + [
    panel.table(
      'Activity, slowest first (traffic)',
      'Each type of activity: completed (2xx) in the last hour, in the same hour yesterday and last week, and over 24 hours; of the attempts in the last hour, the share that failed with 5xx, p95, and the share slower than the target. ' + slo_targets.words('api-latency') + ' Empty: there is no data that old. Includes checks that log in and write: one run of a journey is one login and one interaction.',
      'none',
      [
        panel.rows(count('1h')),
        panel.rows(count('1h', ' offset 1d')),
        panel.rows(count('1h', ' offset 1w')),
        panel.rows(count('1d')),
        panel.rows(queries.each(function(action) queries.share(queries.broken, action, 'rate', '1h'))),
        panel.rows(queries.each(function(action) queries.quantile(action, '0.95', '1h'))),
        panel.rows(queries.each(function(action) queries.late(action, '1h'))),
      ],
      queries.silent,
      [
        ['action', 'Activity', { 'custom.minWidth': 150 }],
        ['Value #A', 'Last hour', { decimals: 0 }],
        ['Value #B', 'A day ago', { decimals: 0 }],
        ['Value #C', 'A week ago', { decimals: 0 }],
        ['Value #D', '24 hours', { decimals: 0 }],
        ['Value #E', 'Failed', status.judged(slo_targets.bad_share('api-error-rate'), { unit: 'percentunit' })],
        ['Value #F', 'p95', status.judged(slo_targets.latency('api-latency'), { unit: 's', decimals: 1 })],
        ['Value #G', 'Late', status.judged(slo_targets.bad_share('api-latency'), { unit: 'percentunit' })],
      ],
      'p95',
      width=24,
      height=7,
    ),
    status.promised(['system-availability', 'api-latency', 'api-error-rate']),
    status.firing(['target=~"system-availability|api-.+"', 'alertname=~"CrmApi.+"']),
  ]
