// Do people get their work done?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local count(range, before='') = queries.each(function(action) queries.count(action, range=range, before=before));

[
  panel.stat(
    action.name,
    'Requests of the last hour that succeeded (2xx): %s each. Compare with the same hour a week ago in the table below. Far fewer with people at work: something keeps them from it. Not seen: the application is silent, or calls its routes otherwise (dashboards/business/queries.libsonnet).' % action.one,
    'none',
    [panel.now(queries.count(action))],
    'none, or not seen',
  ) + panel.decimals(0) + panel.plain_stat
  for action in queries.actions
] + [
  panel.table(
    'What people did, the slowest first (traffic)',
    'Each kind of work: done (2xx) in the last hour, in the same hour of yesterday and of last week, and over 24 hours; the share of attempts of the last hour that failed with 5xx, their p95 and the share later than promised. ' + promise.words('api-latency') + ' Empty: there is no data that old. Checks that log in and write are among it: a run of a journey is one log-in and one interaction.',
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
      ['action', 'Work', { 'custom.minWidth': 150 }],
      ['Value #A', 'Last hour', { decimals: 0 }],
      ['Value #B', 'A day before', { decimals: 0 }],
      ['Value #C', 'A week before', { decimals: 0 }],
      ['Value #D', '24 hours', { decimals: 0 }],
      ['Value #E', 'Failed', status.judged(promise.bad_share('api-error-rate'), { unit: 'percentunit' })],
      ['Value #F', 'p95', status.judged(promise.latency('api-latency'), { unit: 's', decimals: 1 })],
      ['Value #G', 'Late', status.judged(promise.bad_share('api-latency'), { unit: 'percentunit' })],
    ],
    'p95',
    width=24,
    height=7,
  ),
  status.promised(['system-availability', 'api-latency', 'api-error-rate']),
  status.firing(['target=~"system-availability|api-.+"', 'alertname=~"CrmApi.+"']),
]
