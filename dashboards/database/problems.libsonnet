// What hurts now?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Oldest transaction',
    'Age of the oldest open transaction, and how long a session has idled inside one. Good: seconds. Minutes: it keeps its locks and keeps dead rows alive; find it in pg_stat_activity by xact_start, end it with pg_terminate_backend().',
    's',
    [
      panel.query('max by (instance) (pg_long_running_transactions_oldest_timestamp_seconds{%s})' % queries.server, '{{instance}} open'),
      panel.query('max by (instance) (pantrywatch_database_idle_in_transaction_oldest_seconds{%s})' % queries.server, '{{instance}} idle inside'),
    ],
    queries.silent + queries.blind,
    // As CrmDatabaseIdleInTransaction and CrmDatabaseTransactionLong.
  ) + panel.limits([[null, colours.kept], [300, colours.near], [1800, colours.broken]]) + panel.lines,
  panel.timeseries(
    'Longest wait for a lock',
    'How long the session that waits longest for a lock has waited. Good: below a second. Above 30 s users have seen an error already: look at who blocks, right.',
    's',
    [panel.query('max by (instance) (pantrywatch_database_lock_longest_wait_seconds{%s})' % queries.server, '{{instance}}')],
    queries.silent + queries.blind,
    // As CrmDatabaseLockWait.
  ) + panel.limits([[null, colours.kept], [30, colours.broken]]) + panel.lines,
  panel.timeseries(
    'Blocking',
    'Sessions that wait for a lock, those they wait for, how many of those idle inside a transaction (an application forgot to commit), and the longest chain. Good: 0. Many waiters and one blocker: end the blocker.',
    'short',
    [
      panel.query('sum(pantrywatch_database_lock_waiters{%s})' % queries.server, 'waiting'),
      panel.query('sum(pantrywatch_database_lock_blockers{%s})' % queries.server, 'blocking'),
      panel.query('sum(pantrywatch_database_lock_blockers_idle_in_transaction{%s})' % queries.server, 'blocking, idle'),
      panel.query('max(pantrywatch_database_lock_chain_depth{%s})' % queries.server, 'longest chain'),
    ],
    queries.silent + queries.blind,
  ) + panel.decimals(0) + panel.colour('waiting', 'orange') + panel.colour('blocking', 'red') + panel.colour('blocking, idle', 'purple') + panel.colour('longest chain', 'blue'),
  panel.timeseries(
    'Connections against the limit',
    'Client connections in use and what an ordinary role can have. Good: well below the line. Near it: a pool that grew, or sessions idle inside a transaction.',
    'short',
    [
      panel.query(queries.used, '{{instance}} used'),
      panel.query(queries.usable, '{{instance}} usable'),
    ],
    queries.silent,
  ) + panel.decimals(0) + panel.limit_series('usable'),
  panel.timeseries(
    'Sessions by state',
    'What the sessions do. Good: mostly idle, few active. Many active: slow statements or locks. Idle in transaction: an application holds locks while it does something else.',
    'short',
    [panel.query('sum by (state) (pg_stat_activity_count{%s, state=~"active|idle.*"})' % queries.one, '{{state}}')],
    queries.silent + queries.blind,
  ) + panel.decimals(0) + panel.stacked,
  panel.timeseries(
    'Locks by mode',
    'Locks held or waited for, without the everyday ones of reading and writing (access share, row share, row exclusive). Good: near 0. Access exclusive: a schema change, or LOCK TABLE; everybody else waits.',
    'short',
    [panel.query('sum by (mode) (pg_locks_count{%s, mode!~"accesssharelock|rowsharelock|rowexclusivelock"})' % queries.one, '{{mode}}')],
    queries.silent,
  ) + panel.decimals(0),
  panel.timeseries(
    'Rolled back (traffic)',
    'Share of transactions that were rolled back. ' + promise.words('db-error-rate') + ' PostgreSQL counts a deliberate ROLLBACK like one after an error. Above: errors of statements in the server log.',
    'percentunit',
    [panel.query(queries.share('pg_stat_database_xact_rollback', 'pg_stat_database_xact_commit', 'instance'), '{{instance}}')],
    queries.silent + ' Or there were no transactions.',
    width=12,
  ) + panel.decimals(3) + panel.between(0, null) + promise.bad_share('db-error-rate'),
  panel.timeseries(
    'Deadlocks, sessions lost',
    'Deadlocks, and sessions that ended otherwise than by their client: killed by an operator, by a fatal error, abandoned. Good: 0. Deadlocks: two pieces of code lock in opposite order; the server log names both statements.',
    'short',
    [
      panel.query('sum(increase(pg_stat_database_deadlocks{%s}[$__rate_interval]))' % queries.one, 'deadlocks'),
      panel.query('sum(increase(pg_stat_database_sessions_abandoned{%s}[$__rate_interval]))' % queries.one, 'abandoned'),
      panel.query('sum(increase(pg_stat_database_sessions_fatal{%s}[$__rate_interval]))' % queries.one, 'fatal error'),
      panel.query('sum(increase(pg_stat_database_sessions_killed{%s}[$__rate_interval]))' % queries.one, 'killed'),
    ],
    queries.silent,
    width=12,
  ) + panel.decimals(0) + panel.columns,
  panel.table(
    'Will stop writes if nobody acts',
    'What is finite: transaction numbers (autovacuum freezes them; the server refuses writes at the end), multixacts, and the fullest sequence of each database; those the monitoring may not read are counted beside it. Good: below half. Above: vacuum that cannot freeze (an old transaction, slot or prepared transaction), or an integer key that must become bigint.',
    'percentunit',
    // 2^31 numbers, less the three million at which the server stops.
    [
      panel.rows('max by (instance, datname) (pg_database_wraparound_age_datfrozenxid_seconds{%s}) / 2144483648' % queries.one),
      panel.rows('max by (instance, datname) (pg_database_wraparound_age_datminmxid_seconds{%s}) / 2144483648' % queries.one),
      panel.rows('max by (instance, datname) (pantrywatch_database_sequence_used_ratio{%s})' % queries.one),
      panel.rows('max by (instance, datname) (pantrywatch_database_sequences_unreadable{%s})' % queries.one),
    ],
    queries.silent,
    [
      ['instance', 'Server', { 'custom.width': 100 }],
      ['datname', 'Database'],
      ['Value #A', 'Transaction numbers'],
      ['Value #B', 'Multixacts'],
      ['Value #C', 'Fullest sequence'],
      ['Value #D', 'Sequences not readable', status.coloured({ unit: 'none', decimals: 0, thresholds: status.steps([[null, colours.plain], [1, colours.near]]) })],
    ],
    'Transaction numbers',
    width=12,
    height=6,
    // Half: somebody can plan. Three quarters: as CrmDatabaseWraparound.
  ) + panel.ratio + panel.decimals(1) + panel.limits([[null, colours.plain], [0.5, colours.near], [0.75, colours.broken]]) + panel.coloured_cells,
  panel.stat(
    'Rare, but act on it',
    'Settings that wait for a restart, pages whose checksum was wrong, WAL files that could not be archived over the time shown. Good: 0. Checksum: a disk, controller or memory is failing – act at once.',
    'none',
    [
      panel.now('sum(pantrywatch_database_settings_pending_restart{%s})' % queries.server, 'settings waiting for a restart'),
      panel.now('sum(pg_stat_database_checksum_failures{%s}) or 0 * sum(pg_up{%s} == 1)' % [queries.server, queries.server], 'corrupt pages'),
      panel.now('sum(increase(pg_stat_archiver_failed_count{%s}[$__range]))' % queries.server, 'failed archivings'),
    ],
    queries.unanswered,
    width=12,
    height=6,
  ) + panel.decimals(0) + panel.limits([[null, colours.kept], [1, colours.broken]]) + panel.plain_stat,
]
