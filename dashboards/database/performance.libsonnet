// Are statements fast, and which are not?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Statement time (traffic)',
    "Time of the CRM's statements as the application saw them, the way to the server included. " + promise.words('db-query-latency') + ' Judge p95 against the line. Above: which kind, right; locks, above; or the server is short of CPU or disk. Percentiles are interpolated between bucket edges. Not narrowed by Server.',
    's',
    [
      panel.query(queries.quantile('0.5'), 'p50'),
      panel.query(queries.quantile('0.95'), 'p95'),
      panel.query(queries.quantile('0.99'), 'p99'),
      promise.line('db-query-latency'),
    ],
    'The application exports no histogram of its statements, or runs none: see what feeds this target in targets.yaml.',
  ) + panel.quantiles + panel.logarithmic + promise.latency('db-query-latency') + panel.limit_series('promised'),
  panel.heatmap(
    'Statement time, spread (traffic)',
    "How many of the CRM's statements took how long. Good: one dark band far below %s s. A second band above: some statements wait, for a lock or for the disk." % promise.of('db-query-latency').threshold,
    's',
    [panel.buckets('sum by (le) (increase(db_client_operation_duration_seconds_bucket{%s}[$__rate_interval]))' % queries.statements)],
    queries.unknown,
    width=8,
  ),
  panel.timeseries(
    'Statement time (server statistics)',
    'From pg_stat_statements, everything that runs on the server: the mean, and a line that 95 of 100 statements certainly stay below whatever their spread (mean + 4.36 deviations). It is a bound and no percentile: usually two to five times too high. Shows whether slowness is in the server or on the way.',
    's',
    [
      panel.query(queries.mean('instance'), '{{instance}} mean'),
      panel.query(queries.bound('instance'), '{{instance}} 95 % below'),
    ],
    queries.no_statements,
  ),
  panel.table(
    'Statements by kind (traffic), most time first',
    'Over the time shown, by operation and table as the application names them. Time: seconds the application spent waiting for them; the first row is where making it faster pays.',
    's',
    [
      panel.rows('sum by (db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_sum{%s}[$__range])) > 0' % queries.statements),
      panel.rows('sum by (db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_count{%s}[$__range])) > 0' % queries.statements),
      panel.rows('histogram_quantile(0.95, sum by (le, db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_bucket{%s}[$__range]))) >= 0' % queries.statements),
      panel.rows(
        '1 - sum by (db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_bucket{%(statements)s, le=~"%(edge)s"}[$__range])) / (sum by (db_operation_name, db_collection_name) (increase(db_client_operation_duration_seconds_count{%(statements)s}[$__range])) > 0)'
        % { statements: queries.statements, edge: promise.edge('db-query-latency') }
      ),
    ],
    'The application exports no histogram of its statements, or ran none.',
    [
      ['db_operation_name', 'Operation', { 'custom.width': 100 }],
      ['db_collection_name', 'Table'],
      ['Value #A', 'Time', { decimals: 1 }],
      ['Value #B', 'Statements', { unit: 'none', decimals: 0 }],
      ['Value #C', 'p95', status.judged(promise.latency('db-query-latency'))],
      ['Value #D', 'Late', status.judged(promise.bad_share('db-query-latency'), { unit: 'percentunit' })],
    ],
    'Time',
    width=10,
    height=9,
  ),
  panel.table(
    'Top statements (server statistics), most time first',
    'Over the time shown, by time on the server; what is beyond the exporter\'s limit stands together as "other", so the times add up to all. The text of a statement is never collected: SELECT query FROM pg_stat_statements WHERE queryid = …. A statement that was not here yesterday: what was deployed?',
    's',
    [
      panel.rows(queries.grown('pg_stat_statements_seconds_total', 'datname, user, queryid') + ' > 0'),
      panel.rows(queries.grown('pg_stat_statements_calls_total', 'datname, user, queryid') + ' > 0'),
      panel.rows('%s / (%s > 0)' % [queries.grown('pg_stat_statements_seconds_total', 'datname, user, queryid'), queries.grown('pg_stat_statements_calls_total', 'datname, user, queryid')]),
      panel.rows('%s / (%s > 0)' % [queries.grown('pg_stat_statements_rows_total', 'datname, user, queryid'), queries.grown('pg_stat_statements_calls_total', 'datname, user, queryid')]),
    ],
    queries.no_statements,
    [
      ['queryid', 'Query id', { 'custom.minWidth': 190 }],
      ['user', 'Role', { 'custom.width': 110 }],
      ['datname', 'Database', { 'custom.width': 80 }],
      ['Value #A', 'Time', { decimals: 1, 'custom.width': 80 }],
      ['Value #B', 'Calls', { unit: 'none', decimals: 0, 'custom.width': 80 }],
      ['Value #C', 'Mean', { 'custom.width': 85 }],
      ['Value #D', 'Rows a call', { unit: 'short', decimals: 1, 'custom.width': 100 }],
    ],
    'Time',
    width=14,
    height=9,
  ),
  panel.timeseries(
    'Transactions over time',
    "Committed and rolled back, a second. Follows the users' day; a cliff with users at work is an outage.",
    'ops',
    [
      panel.query(queries.rate('pg_stat_database_xact_commit', 'instance'), '{{instance}} committed'),
      panel.query(queries.rate('pg_stat_database_xact_rollback', 'instance'), '{{instance}} rolled back'),
    ],
    queries.silent,
  ),
  panel.timeseries(
    'Found in memory by database',
    'Share of blocks found in shared_buffers. Good: steady, above 95 %. A step down: a statement reads what does not fit; compare with Rows.',
    'percentunit',
    [panel.query(queries.share('pg_stat_database_blks_hit', 'pg_stat_database_blks_read', 'instance, datname'), '{{instance}} {{datname}}')],
    queries.silent + ' Or nothing was read.',
  ) + panel.between(null, 1) + panel.soft_from(0.9),
  panel.timeseries(
    'Temporary files',
    'Data that sorts and joins wrote to disk because work_mem was too small, a second. Good: 0. Above 10 MiB/s for long: the statements with the most temporary blocks.',
    'Bps',
    [panel.query(queries.rate('pg_stat_database_temp_bytes', 'instance, datname'), '{{instance}} {{datname}}')],
    queries.silent,
    // As CrmDatabaseTemporaryFiles.
  ) + panel.limits([[null, colours.kept], [10 * 1024 * 1024, colours.near]]) + panel.lines,
]
