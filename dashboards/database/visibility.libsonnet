// What the exporter cannot see for lack of privileges, and its background queries.
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    status.privileges('exporter="database", ' + queries.server, {
      pg_read_all_stats: 'sessions, transactions, locks, blocking, statements, sizes',
      pg_stat_statements: 'server statements (install the extension)',
      pg_ls_waldir: 'WAL size',
    }),
    panel.table(
      'Background queries',
      'Expensive queries run on their own interval, outside the scrape. Age: time since the last success; more than an hour is stale. Folded: rows beyond the limit, summed as "other".',
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
        ['Value #A', 'Age', status.colored({ decimals: 0, thresholds: status.steps([[null, colors.kept], [alerts.CrmMonitoringQueryStale.seconds, colors.broken]]) })],
        ['Value #B', 'Duration', {}],
        ['Value #C', 'Rows', { unit: 'short', decimals: 0 }],
        ['Value #D', 'Folded', { unit: 'short', decimals: 0 }],
        ['Value #E', 'Last run', status.colored({ unit: 'none', decimals: 0, mappings: status.texts({ '0': ['failed', colors.broken], '1': ['ok', colors.kept] }) })],
      ],
      'Age',
      width=12,
      height=6,
    ),
  ]
