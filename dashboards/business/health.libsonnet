// Do people get their work done?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.stat(
      'Activity in the last hour',
      'Successful requests (2xx) in the last hour, by activity. Compare with the same hour a week ago in the table below. Far fewer with people at work: something prevents them. Which routes are an activity is in settings.yaml (application.actions).',
      'none',
      [panel.now(queries.count(), '{{action}}')],
      queries.silent,
      width=24,
    ) + panel.decimals(0) + panel.plain_stat,
    panel.table(
      'Activity, slowest first (traffic)',
      'Each type of activity: completed (2xx) in the last hour, in the same hour yesterday and last week, and over 24 hours; of the attempts in the last hour, the share that failed with 5xx, p95, and the share slower than the target. ' + slo_targets.words('api-latency') + ' Empty: there is no data that old. Includes checks that log in and write: one run of a journey is one login and one interaction.',
      'none',
      [
        panel.rows(queries.count()),
        panel.rows(queries.count(before=' offset 1d')),
        panel.rows(queries.count(before=' offset 1w')),
        panel.rows(queries.count(range='1d')),
        panel.rows(queries.share(queries.broken, 'rate', '1h')),
        panel.rows(queries.quantile('0.95', '1h')),
        panel.rows(queries.late('1h')),
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
    status.firing(['target=~"system-availability|api-.+"', 'alertname=~"Crm(Api|Business).+"']),
  ]
