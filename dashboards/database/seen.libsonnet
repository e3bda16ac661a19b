// What the monitoring cannot see.
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  status.privileges('exporter="database", ' + queries.server, {
    pg_read_all_stats: 'sessions, transactions, locks, blocking, statements, sizes',
    pg_stat_statements: 'statements on the server (an extension to install)',
    pg_ls_waldir: 'WAL kept',
  }),
  panel.table(
    'What is asked in the background',
    'Dear queries run at their own pace, off the scrape. Age: since the last success; more than an hour is stale. Folded: rows beyond the limit, together as "other".',
    's',
    [
      panel.rows('time() - max by (instance, query) (pantrywatch_query_last_success_timestamp_seconds{exporter="database", %s})' % queries.server),
      panel.rows('max by (instance, query) (pantrywatch_query_duration_seconds{exporter="database", %s})' % queries.server),
      panel.rows('max by (instance, query) (pantrywatch_query_rows{exporter="database", %s})' % queries.server),
      panel.rows('max by (instance, query) (pantrywatch_query_folded_rows{exporter="database", %s})' % queries.server),
      panel.rows('min by (instance, query) (pantrywatch_query_success{exporter="database", %s})' % queries.server),
    ],
    queries.silent,
    [
      ['instance', 'Server', { 'custom.width': 90 }],
      ['query', 'Query', { 'custom.minWidth': 140 }],
      ['Value #A', 'Age', status.coloured({ decimals: 0, thresholds: status.steps([[null, colours.kept], [3600, colours.broken]]) })],
      ['Value #B', 'Took', {}],
      ['Value #C', 'Rows', { unit: 'short', decimals: 0 }],
      ['Value #D', 'Folded', { unit: 'short', decimals: 0 }],
      ['Value #E', 'Last run', status.coloured({ unit: 'none', decimals: 0, mappings: status.texts({ '0': ['failed', colours.broken], '1': ['well', colours.kept] }) })],
    ],
    'Age',
    width=12,
    height=6,
  ),
]
