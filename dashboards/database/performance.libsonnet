// Are statements fast, and which are not?
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.timeseries(
      'Statement latency (traffic)',
      "Latency of the CRM's statements as the application sees it, network included. " + slo_targets.words('db-query-latency') + ' Compare p95 with the line. Above: check which kind in the table below, locks above, then CPU and disk of the server. Percentiles are interpolated between bucket edges. Not narrowed by Server.',
      's',
      [
        panel.query(queries.quantile('0.5'), 'p50'),
        panel.query(queries.quantile('0.95'), 'p95'),
        panel.query(queries.quantile('0.99'), 'p99'),
        slo_targets.line('db-query-latency'),
      ],
      'The application does not export a latency histogram of its statements, or runs none: targets.yaml says what feeds this target.',
    ) + panel.quantiles + panel.logarithmic + slo_targets.latency('db-query-latency') + panel.limit_series('target'),
    panel.heatmap(
      'Statement latency distribution (traffic)',
      "How many of the CRM's statements took how long. Good: one dark band far below %g s. A second band above: some statements wait, for a lock or for the disk." % slo_targets.of('db-query-latency').threshold,
      's',
      [panel.buckets('sum by (le) (increase(db_client_operation_duration_seconds_bucket{%s}[$__rate_interval]))' % queries.statements)],
      queries.unknown,
      width=8,
    ),
    panel.timeseries(
      'Statement latency (server statistics)',
      'From pg_stat_statements, for everything that runs on the server: the mean, and an upper bound that 95% of statements stay below whatever their distribution (mean + 4.36 standard deviations). The bound is not a percentile: it is usually two to five times too high. Tells whether the server or the network is slow.',
      's',
      [
        panel.query(queries.mean('instance'), '{{instance}} mean'),
        panel.query(queries.bound('instance'), '{{instance}} 95% bound'),
      ],
      queries.no_statements,
    ),
    panel.timeseries(
      'Statement latency (estimate)',
      'Estimated from pg_stat_statements for what runs on the server, without the monitoring: a mixture of log-normals, one for each statement. p95 is usually within a fifth of what the server logs, but the estimate smooths what is not of one piece: where a few executions of one statement are much slower than the rest it may be several times too high, and where a tenth of them is, half of what it should be. COMMIT and planning are not in it. Nobody is paged by it. Exact: the p95 where the extension pg_stat_monitor counts, between the ends of its own ranges; below the end of the first it says no more than that. Share: of the executions within %g s. Good: p95 below the line.' % slo_targets.of('db-query-latency').threshold,
      's',
      [
        panel.query(queries.estimated('0.5'), '{{instance}} p50 estimate'),
        panel.query(queries.estimated('0.95'), '{{instance}} p95 estimate'),
        panel.query(queries.counted('0.95'), '{{instance}} p95 exact'),
        slo_targets.line('db-query-latency'),
      ],
      queries.no_statements,
    ) + panel.quantiles + panel.logarithmic + slo_targets.latency('db-query-latency') + panel.limit_series('target'),
    panel.table(
      'Statements by kind (traffic)',
      'Over the time range shown, by operation and table as the application names them, sorted by total time. Time: seconds the application spent waiting for them; optimizing the first row pays most.',
      's',
      [
        panel.rows('sum by (db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_sum{%s}[$__range])) > 0' % queries.statements),
        panel.rows('sum by (db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_count{%s}[$__range])) > 0' % queries.statements),
        panel.rows('histogram_quantile(0.95, sum by (le, db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_bucket{%s}[$__range]))) >= 0' % queries.statements),
        panel.rows(
          '1 - sum by (db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_bucket{%(statements)s, le=~"%(edge)s"}[$__range])) / (sum by (db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_count{%(statements)s}[$__range])) > 0)'
          % { statements: queries.statements, edge: slo_targets.edge('db-query-latency') }
        ),
      ],
      'The application does not export a latency histogram of its statements, or ran none.',
      [
        ['db_operation_name', 'Operation', { 'custom.width': 100 }],
        ['db_collection_name', 'Table'],
        ['Value #A', 'Time', { decimals: 1 }],
        ['Value #B', 'Statements', { unit: 'none', decimals: 0 }],
        ['Value #C', 'p95', status.judged(slo_targets.latency('db-query-latency'))],
        ['Value #D', 'Late', status.judged(slo_targets.bad_share('db-query-latency'), { unit: 'percentunit' })],
      ],
      'Time',
      width=10,
      height=9,
    ),
    panel.table(
      'Top statements (server statistics)',
      'Over the time range shown, sorted by time on the server; statements beyond the exporters limit are summed as "other", so that the times add up. Those of the role pantrywatch are the monitoring itself. The text of a statement is never collected: `./run statement QUERYID` reads it from the server. A statement that was not here yesterday: check the latest deployment.',
      's',
      [
        panel.rows(queries.grown('pg_stat_statements_seconds_total', 'datname, user, queryid') + ' > 0'),
        panel.rows(queries.grown('pg_stat_statements_calls_total', 'datname, user, queryid') + ' > 0'),
        panel.rows('%s / (%s > 0)' % [queries.grown('pg_stat_statements_seconds_total', 'datname, user, queryid'), queries.grown('pg_stat_statements_calls_total', 'datname, user, queryid')]),
        panel.rows('%s / (%s > 0)' % [queries.grown('pg_stat_statements_rows_total', 'datname, user, queryid'), queries.grown('pg_stat_statements_calls_total', 'datname, user, queryid')]),
      ],
      queries.no_statements,
      [
        ['queryid', 'Query ID', { 'custom.minWidth': 190 }],
        ['user', 'Role', { 'custom.width': 110, mappings: status.texts({ pantrywatch: ['pantrywatch (own)', colors.plain] }) }],
        ['datname', 'Database', { 'custom.width': 80 }],
        ['Value #A', 'Time', { decimals: 1, 'custom.width': 80 }],
        ['Value #B', 'Calls', { unit: 'none', decimals: 0, 'custom.width': 80 }],
        ['Value #C', 'Mean', { 'custom.width': 85 }],
        ['Value #D', 'Rows per call', { unit: 'short', decimals: 1, 'custom.width': 100 }],
      ],
      'Time',
      width=14,
      height=9,
    ),
    panel.timeseries(
      'Transactions over time',
      "Committed and rolled back, per second. Follows the users' working day; a sudden drop with users at work is an outage.",
      'ops',
      [
        panel.query(queries.rate('pg_stat_database_xact_commit', 'instance'), '{{instance}} committed'),
        panel.query(queries.rate('pg_stat_database_xact_rollback', 'instance'), '{{instance}} rolled back'),
      ],
      queries.silent,
    ),
    panel.timeseries(
      'Cache hit ratio by database',
      'Share of blocks found in shared_buffers. Good: steady, above 95%. A sudden drop: a statement reads more than fits; compare with Rows.',
      'percentunit',
      [panel.query(queries.share('pg_stat_database_blks_hit', 'pg_stat_database_blks_read', 'instance, datname'), '{{instance}} {{datname}}')],
      queries.silent + ' Or nothing was read.',
    ) + panel.between(null, 1) + panel.soft_from(0.9),
    panel.timeseries(
      'Temporary files',
      'Data per second that sorts and joins wrote to disk because work_mem was too small. Good: 0. Above 10 MiB/s for long: check the statements with the most temporary blocks.',
      'Bps',
      [panel.query(queries.rate('pg_stat_database_temp_bytes', 'instance, datname'), '{{instance}} {{datname}}')],
      queries.silent,
    ) + panel.limits([[null, colors.kept], [alerts.CrmDatabaseTemporaryFiles.mebibytes_per_second * 1024 * 1024, colors.near]]) + panel.lines,
  ]
