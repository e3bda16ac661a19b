// What hurts now?
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local usual = import '../lib/usual.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.timeseries(
      'Oldest transaction',
      'Age of the oldest open transaction, and how long a session has been idle in transaction. Good: seconds. Minutes: it holds its locks and keeps dead rows alive. Find it in pg_stat_activity by xact_start, end it with pg_terminate_backend().',
      's',
      [
        panel.query('max by (instance) (pg_long_running_transactions_oldest_timestamp_seconds{%s})' % queries.server, '{{instance}} open'),
        panel.query('max by (instance) (pantrywatch_database_idle_in_transaction_oldest_seconds{%s})' % queries.server, '{{instance}} idle in transaction'),
      ],
      queries.silent + queries.blind,
    ) + panel.limits([[null, colors.kept], [alerts.CrmDatabaseIdleInTransaction.seconds, colors.near], [alerts.CrmDatabaseTransactionLong.seconds, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Longest lock wait',
      'How long the longest-waiting session has waited for a lock. Good: below a second. Above ' + alerts.CrmDatabaseLockWait.seconds + ' s users have already seen an error: check who blocks in the panel on the right.',
      's',
      [panel.query('max by (instance) (pantrywatch_database_lock_longest_wait_seconds{%s})' % queries.server, '{{instance}}')],
      queries.silent + queries.blind,
    ) + panel.limits([[null, colors.kept], [alerts.CrmDatabaseLockWait.seconds, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Blocking',
      'Sessions waiting for a lock, the sessions blocking them, how many of those are idle in transaction (the application forgot to commit), and the longest chain. Good: 0. Many waiting and one blocking: terminate the blocker.',
      'short',
      [
        panel.query('sum(pantrywatch_database_lock_waiters{%s})' % queries.server, 'waiting'),
        panel.query('sum(pantrywatch_database_lock_blockers{%s})' % queries.server, 'blocking'),
        panel.query('sum(pantrywatch_database_lock_blockers_idle_in_transaction{%s})' % queries.server, 'blocking, idle'),
        panel.query('max(pantrywatch_database_lock_chain_depth{%s})' % queries.server, 'longest chain'),
      ],
      queries.silent + queries.blind,
    ) + panel.decimals(0) + panel.color('waiting', 'orange') + panel.color('blocking', 'red') + panel.color('blocking, idle', 'purple') + panel.color('longest chain', 'blue'),
    panel.timeseries(
      'Connections vs. limit',
      'Client connections in use and what an ordinary role can use. Good: well below the line. Close to it: a pool that grew, or sessions idle in transaction.',
      'short',
      [
        panel.query(queries.used, '{{instance}} used'),
        panel.query(queries.usable, '{{instance}} usable'),
      ],
      queries.silent,
    ) + panel.decimals(0) + panel.limit_series('usable'),
    panel.timeseries(
      'Sessions by state',
      'What sessions are doing. Good: mostly idle, few active. Many active: slow statements or locks. Idle in transaction: the application holds locks while it does something else.',
      'short',
      [panel.query('sum by (state) (max by (instance, state) (sum by (job, instance, state) (pg_stat_activity_count{%s, state=~"active|idle.*"})))' % queries.one, '{{state}}')],
      queries.silent + queries.blind,
    ) + panel.decimals(0) + panel.stacked,
    panel.timeseries(
      'Locks by mode',
      'Locks held or waited for, without the ordinary ones of reading and writing (access share, row share, row exclusive). Good: near 0. Access exclusive: a schema change or LOCK TABLE; everybody else waits.',
      'short',
      [panel.query('sum by (mode) (max by (instance, mode) (sum by (job, instance, mode) (pg_locks_count{%s, mode!~"accesssharelock|rowsharelock|rowexclusivelock"})))' % queries.one, '{{mode}}')],
      queries.silent,
    ) + panel.decimals(0),
    panel.timeseries(
      'What sessions wait for',
      'Sessions at work on average, by what they wait for: sampled each second, idle ones left out. Good: mostly running, and few compared with the processors. Lock: see Blocking above. IO: reads from disk, see Cache hit ratio. LWLock: contention inside the server. Client: the application takes its time with the rows. Idle in transaction: it holds locks meanwhile.',
      'short',
      [panel.query(queries.sessions_at_work, '{{state}} {{wait_event_type}}')],
      queries.silent + queries.blind,
      width=12,
    ) + panel.decimals(2) + panel.stacked,
    panel.timeseries(
      'Waits by event (pg_wait_sampling)',
      'Processes that wait on average, by event, the twelve with most time: sampled a hundred times a second by the extension, idle sessions left out. Good: the panel on the left shows few that wait. It names what they wait for: relation, transactionid: see Blocking above; WALWrite, WALSync: the disk of the WAL; DataFileRead: see Cache hit ratio.',
      'short',
      [panel.query('sum by (wait_event_type, wait_event) (max by (instance, wait_event_type, wait_event) (rate(pantrywatch_database_wait_sampled_seconds_total{%s}[$__rate_interval])))' % queries.server, '{{wait_event_type}} {{wait_event}}')],
      'No data: the server does not have the extension pg_wait_sampling (docs/deploy.md), or nothing waited.',
      width=12,
    ) + panel.decimals(2) + panel.stacked,
    panel.timeseries(
      'Rollback ratio (traffic)',
      'Share of transactions that were rolled back. ' + slo_targets.words('db-error-rate') + ' It is counted by this only where no log is followed (see What errors are counted by): PostgreSQL counts a deliberate ROLLBACK like one after an error. Above: check the server log for statement errors.',
      'percentunit',
      [panel.query(queries.share('pg_stat_database_xact_rollback', 'pg_stat_database_xact_commit', 'instance'), '{{instance}}')],
      queries.silent + ' Or there were no transactions.',
      width=12,
    ) + panel.decimals(3) + panel.between(0, null) + slo_targets.bad_share('db-error-rate'),
    panel.timeseries(
      'Deadlocks and lost sessions',
      'Deadlocks, and sessions that were not closed by their client: killed by an operator, ended by a fatal error, or abandoned. Good: 0. Deadlocks: two pieces of code lock in opposite order; the server log names both statements.',
      'short',
      [
        panel.query('sum(max by (instance) (sum by (job, instance) (increase(pg_stat_database_deadlocks{%s}[$__rate_interval]))))' % queries.one, 'deadlocks'),
        panel.query('sum(max by (instance) (sum by (job, instance) (increase(pg_stat_database_sessions_abandoned{%s}[$__rate_interval]))))' % queries.one, 'abandoned'),
        panel.query('sum(max by (instance) (sum by (job, instance) (increase(pg_stat_database_sessions_fatal{%s}[$__rate_interval]))))' % queries.one, 'fatal error'),
        panel.query('sum(max by (instance) (sum by (job, instance) (increase(pg_stat_database_sessions_killed{%s}[$__rate_interval]))))' % queries.one, 'killed'),
      ],
      queries.silent,
      width=12,
    ) + panel.decimals(0) + panel.columns,
    panel.table(
      'Limits that stop writes',
      'Finite resources: transaction IDs (autovacuum freezes them; the server refuses writes when they run out), multixact IDs, and the fullest sequence of each database; sequences the monitoring may not read are counted in the last column. Good: below half. Above: a vacuum that cannot freeze (an old transaction, slot or prepared transaction), or an integer key that must become bigint.',
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
        ['Value #A', 'Transaction IDs'],
        ['Value #B', 'Multixact IDs'],
        ['Value #C', 'Fullest sequence'],
        ['Value #D', 'Unreadable sequences', status.colored({ unit: 'none', decimals: 0, thresholds: status.steps([[null, colors.plain], [1, colors.near]]) })],
      ],
      'Transaction IDs',
      width=12,
      height=6,
      // Half: somebody can plan. Three quarters: as CrmDatabaseWraparound.
    ) + panel.ratio + panel.decimals(1) + panel.limits([[null, colors.plain], [0.5, colors.near], [0.75, colors.broken]]) + panel.colored_cells,
    panel.stat(
      'Rare errors that need action',
      'Settings waiting for a restart, pages with a wrong checksum, WAL files that could not be archived in the time range shown. Good: 0. Checksum: a disk, controller or memory module is failing. Act at once.',
      'none',
      [
        panel.now('sum(pantrywatch_database_settings_pending_restart{%s})' % queries.server, 'settings pending restart'),
        panel.now('sum(max by (instance) (sum by (job, instance) (pg_stat_database_checksum_failures{%s})))' % queries.server, 'corrupt pages'),
        panel.now('sum(max by (instance) (sum by (job, instance) (increase(pg_stat_archiver_failed_count{%s}[$__range]))))' % queries.server, 'failed archive attempts'),
      ],
      queries.unanswered,
      width=12,
      height=6,
    ) + panel.decimals(0) + panel.limits([[null, colors.kept], [1, colors.broken]]) + panel.plain_stat,
    usual.panel(
      'Connections vs. usual',
      'Mean of the connections in use in the hour before each point. Above: a pool that leaks, or more users. Below: an application server is not connected.',
      'max by (instance) (avg_over_time(pantrywatch_database_connections_used{%s}[1h]))' % queries.server,
      'signal="connections", ' + queries.server,
      queries.silent,
      by='instance',
    ),
  ]
