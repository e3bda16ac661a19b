// PostgreSQL: what hurts now, or will if nobody acts. What the database promises its users is in targets.yaml.
// The names are postgres_exporter's where it has them; pantrywatch_* are our own, and fall back to its where it can tell.
local numbers = import 'lib/numbers.libsonnet';
local record = import 'lib/record.libsonnet';
local signals = import 'lib/signals.libsonnet';
local decimal = numbers.decimal;
local percent = numbers.percent;

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local words = time.words;
  local last = time.last;
  local outage = (import 'lib/outage_texts.libsonnet')(config);
  local known = (import 'lib/known.libsonnet')(time, of_server=true);

  local seconds_of_5m = 'database:statement_seconds:increase5m';
  local calls_of_5m = 'database:statement_calls:increase5m';

  // The connections of each pool but that of PgBouncer's own console.
  local pool_gauge = 'pgbouncer_pools_%s_connections{database!="pgbouncer"}';
  local pooled(what) = 'max by (instance, database, user) (%s)' % known.gauge(pool_gauge % what);

  local connections(severity) = alert('CrmDatabaseConnectionsNearLimit', severity, function(limits) {
    component: 'database',
    narrow_by: ['instance'],
    expr: '(\n%s) > %s\n' % [signals.database.connections_used.expr(known=known.gauge), decimal(limits.share)],
    summary: '{{ $value | humanizePercentage }} of the connections of {{ $labels.instance }} are in use (limit ' + percent(limits.share) + ').',
    description: 'Measured against what an ordinary role can use: reserved connections do not help the application. First check who holds them: a pool that grew, or sessions idle in transaction.',
    impact: 'When the last one is taken, every page that needs the database fails.',
  });

  local sequence(severity) = alert('CrmDatabaseSequenceNearEnd', severity, function(limits) {
    component: 'database',
    narrow_by: ['instance', 'datname'],
    expr: 'max by (instance, datname) (%s) > %s' % [known.gauge('pantrywatch_database_sequence_used_ratio', '1h'), decimal(limits.share)],
    summary: 'A sequence in {{ $labels.datname }} on {{ $labels.instance }} has used {{ $value | humanizePercentage }} of its values (limit ' + percent(limits.share) + ').',
    description: 'At 100% nextval() fails. First check which sequence it is, and whether its column is an integer that must become a bigint.',
    impact: 'None yet. At 100% nobody can add a row to the table it numbers.',
  });

  local wraparound(severity) = alert('CrmDatabaseWraparound', severity, function(limits) {
    component: 'database',
    narrow_by: ['instance', 'datname'],
    // A vacuum that has just ended lowers the age at once.
    expr: |||
      max by (instance, datname) (%(transactions)s) > %(limit)d
        or max by (instance, datname) (%(multixacts)s) > %(limit)d
    ||| % {
      transactions: known.gauge('pg_database_wraparound_age_datfrozenxid_seconds'),
      multixacts: known.gauge('pg_database_wraparound_age_datminmxid_seconds'),
      limit: limits.millions * 1000000,
    },
    summary: '{{ $labels.datname }} on {{ $labels.instance }} is {{ $value | humanize }} transactions past its last freeze (limit ' + limits.millions + 'M, writes stop at 2.1G).',
    description: 'Autovacuum should have frozen old rows long ago. First check what holds it back: an old transaction, a replication slot, a prepared transaction, or autovacuum turned off.',
    impact: 'None yet. At about 2.1G the server refuses all writes until it has been vacuumed.',
  });

  {
    groups: [
      {
        name: 'database.outages',
        // More often than it is scraped: an outage is told within a minute (docs/notifications.md).
        interval: time.of_scrapes('5s'),
        rules: [
          alert('CrmDatabaseDown', 'critical', function(limits) {
            waits_for: 'scrapes',
            component: 'database',
            narrow_by: ['instance'],
            type: 'error',
            expr: 'max by (instance) (%s) == 0' % known.gauge('pg_up'),
            summary: 'PostgreSQL {{ $labels.instance }} is down' + outage.class_of('database') + '.',
            description: 'The exporter has had no session for ' + words(limits['for']) + '.',
            impact: 'Users can neither read nor save anything.' + outage.felt,
          }),
          alert('CrmDatabasePoolerDown', 'critical', function(limits) {
            waits_for: 'scrapes',
            component: 'database',
            narrow_by: ['instance'],
            type: 'error',
            expr: 'max by (instance) (%s) == 0' % known.gauge('pgbouncer_up'),
            summary: 'PgBouncer {{ $labels.instance }} is down' + outage.class_of('database') + '.',
            description: 'Its admin console has not answered the exporter for ' + words(limits['for']) + '. The database behind it may be up.',
            impact: 'Nothing that connects through it reaches the database.' + outage.felt,
          }),
        ],
      },
      {
        name: 'database.alerts',
        rules: [
          connections('high'),
          connections('critical'),
          alert('CrmDatabasePoolWait', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            // PgBouncer counts from the first statement of a waiting client. Its own console has no pool.
            expr: 'max by (instance, database) (%s) > %s' % [known.gauge('pgbouncer_pools_client_maxwait_seconds{database!="pgbouncer"}'), decimal(limits.seconds)],
            summary: 'A client of PgBouncer {{ $labels.instance }} has waited {{ $value | humanizeDuration }} for a connection to {{ $labels.database }} (limit ' + limits.seconds + 's).',
            description: 'All server connections of its pool are in use. First check who holds them: slow statements, transactions left open, locks.',
            impact: 'Pages that need the database are slow or time out, although the server itself may be idle.',
          }),
          alert('CrmDatabasePoolWithoutServer', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            type: 'error',
            // The longest wait may be 0 meanwhile. A connection that is being opened serves nobody yet. PgBouncer refuses new
            // clients once a login at the server has failed, so that soon nobody waits: it goes on until a connection is there.
            expr: |||
              max by (instance, database) (
                (
                  %(waiting)s > 0
                    or max_over_time((
                      max by (instance, database, user) (%(waiting_now)s) > 0
                        unless on (instance, database, user) (%(servers_now)s) > 0
                    )[%(remembered)s:%(step)s])
                ) unless on (instance, database, user) (
                  %(servers)s
                ) > 0
              )
            ||| % {
              local states = ['server_' + state for state in ['active', 'idle', 'used', 'testing']],
              waiting: pooled('client_waiting'),
              servers: std.join('\n      + ', [pooled(state) for state in states]),
              waiting_now: pool_gauge % 'client_waiting',
              servers_now: std.join(' + ', ['max by (instance, database, user) (%s)' % (pool_gauge % state) for state in states]),
              remembered: duration(limits.remembered),
              step: duration('1m'),
            },
            summary: 'Clients of PgBouncer {{ $labels.instance }} wait for {{ $labels.database }} ({{ $value }}) or are refused: it has no connection to the server.',
            description: 'For ' + words(limits['for']) + ' the server has refused PgBouncer or not answered it, or the database is paused. First check the log of PgBouncer.',
            impact: 'Whatever needs this database through PgBouncer hangs, then fails.',
          }),
          alert('CrmDatabaseTransactionLong', 'medium', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            expr: |||
              (
                max by (instance) (%s)
                  or on (instance) max by (instance) (%s)
              ) > %d
            ||| % [
              known.gauge('pg_long_running_transactions_oldest_timestamp_seconds'),
              known.gauge('pg_stat_activity_max_tx_duration'),
              limits.seconds,
            ],
            summary: 'A transaction on {{ $labels.instance }} has been open for {{ $value | humanizeDuration }} (limit ' + (limits.seconds / 60) + 'm).',
            description: 'While it is open, its locks are held and no row deleted since can be removed. First check what it does: a report, a migration, a dump.',
            impact: 'Pages get slower over time; anybody who needs one of its locks waits.',
          }),
          alert('CrmDatabaseIdleInTransaction', 'medium', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            // Without our exporter the age of the transaction stands in for the time it has been idle, which is no longer.
            expr: |||
              (
                max by (instance) (%s)
                  or on (instance) max by (instance) (%s)
              ) > %d
            ||| % [
              known.gauge('pantrywatch_database_idle_in_transaction_oldest_seconds'),
              known.gauge('pg_stat_activity_max_tx_duration{state=~"idle in transaction.*"}'),
              limits.seconds,
            ],
            summary: 'A session on {{ $labels.instance }} has been idle in transaction for {{ $value | humanizeDuration }} (limit ' + (limits.seconds / 60) + 'm).',
            description: 'The application started a transaction and neither committed nor rolled back. Meanwhile it holds its locks and a connection of the pool.',
            impact: 'Anybody changing the same records waits; the pool has one connection less.',
          }),
          alert('CrmDatabaseLockWait', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            expr: 'max by (instance) (%s) > %d' % [known.gauge('pantrywatch_database_lock_longest_wait_seconds'), limits.seconds],
            summary: 'A session on {{ $labels.instance }} has waited {{ $value | humanizeDuration }} for a lock (limit ' + limits.seconds + 's).',
            description: 'Others queue behind it. First check the session that blocks others and waits for nobody: often one idle in transaction, or a schema change.',
            impact: 'Saving hangs for some users; with a lock on a whole table, for everyone.',
          }),
          alert('CrmDatabaseLockQueue', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            // The range must be full: after a start, or a gap, its first sample is all there is.
            expr: |||
              max by (instance) (
                min_over_time(pantrywatch_database_lock_waiters[%(range)s])
                  and present_over_time(pantrywatch_database_lock_waiters[%(range)s] offset %(range)s)
              ) > %(sessions)d
            ||| % { range: duration(limits.range), sessions: limits.sessions },
            summary: 'At least {{ $value | humanize }} sessions on {{ $labels.instance }} have been waiting for locks for ' + words(limits.range) + ' without a break (limit ' + limits.sessions + ').',
            description: 'Each session may time out soon, but others take its place. Somebody holds a lock that everyone needs.',
            impact: 'Some requests fail after a wait, again and again, until the blocking session releases its lock.',
          }),
          alert('CrmDatabaseDeadlocks', 'medium', function(limits) {
            component: 'database',
            narrow_by: ['instance', 'datname'],
            type: 'error',
            // Two exporters of one server count the same ones. Half a deadlock more than the limit: increase() extrapolates.
            expr: 'max by (instance, datname) (sum by (job, instance, datname) (increase(pg_stat_database_deadlocks[%s]))) > %s' % [duration(limits.range), decimal(limits.limit + 0.5)],
            summary: '{{ $value | humanize }} deadlocks in {{ $labels.datname }} on {{ $labels.instance }} in the ' + last(limits.range) + ' (limit ' + limits.limit + ').',
            description: 'The server aborted one transaction of each pair. Its log names both statements.',
            impact: 'Saving failed for some users; trying again works.',
          }),
          alert('CrmDatabaseTemporaryFiles', 'low', function(limits) {
            component: 'database',
            narrow_by: ['instance', 'datname'],
            // Sorts that fit into work_mem write nothing.
            expr: 'max by (instance, datname) (sum by (job, instance, datname) (rate(pg_stat_database_temp_bytes[%s]))) > %d * 1024 * 1024' % [duration(limits.range), limits.mebibytes_per_second],
            summary: 'Queries in {{ $labels.datname }} on {{ $labels.instance }} write {{ $value | humanize1024 }}B/s of temporary files (limit ' + limits.mebibytes_per_second + 'MiB/s).',
            description: 'Sorts and joins do not fit into work_mem. First check the statements with the most temporary blocks.',
            impact: 'Reports and long lists are slower than they need to be.',
          }),
          alert('CrmDatabasePendingRestart', 'low', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            expr: 'max by (instance) (%s) > 0' % known.gauge('pantrywatch_database_settings_pending_restart'),
            summary: '{{ $value }} changed settings of {{ $labels.instance }} are waiting for a restart.',
            description: 'The configuration on disk differs from the one in use: the next restart, planned or not, changes how the server behaves.',
            impact: 'None yet.',
          }),
          alert('CrmDatabaseChecksumFailures', 'critical', function(limits) {
            component: 'database',
            narrow_by: ['instance', 'datname'],
            type: 'error',
            expr: 'max by (instance, datname) (%s) > 0' % known.gauge('pg_stat_database_checksum_failures'),
            summary: 'Corrupt pages in {{ $labels.datname }} on {{ $labels.instance }}: {{ $value }}.',
            description: 'Pages read from disk did not match their checksum: a disk, controller or memory module is failing. First check the server log, which names file and block; then the disk. An empty database name means a catalog shared by all databases.',
            impact: 'Some records cannot be read, and more may follow.',
          }),
        ],
      },
      {
        // Exactly five minutes: the sums over days count on it. The statements that have a series of their own: at most as many
        // as the exporter's limit at a time.
        name: 'database.statements',
        interval: duration('5m'),
        rules: [
          record(grown_of[0], 'max by (instance, datname, user, queryid) (sum by (job, instance, datname, user, queryid) (increase(%s{queryid!="other"}[%s])))' % [grown_of[1], duration('5m')])
          for grown_of in [[seconds_of_5m, 'pg_stat_statements_seconds_total'], [calls_of_5m, 'pg_stat_statements_calls_total']]
        ],
      },
      {
        name: 'database.upkeep.alerts',
        rules: [
          alert('CrmDatabaseStatementSlower', 'low', function(limits) {
            component: 'database',
            narrow_by: ['instance', 'datname'],
            // Times and calls are added up and divided last.
            local hour = '[%s]' % duration(limits.range),
            local week = '[%s] offset %s' % [duration('7d'), duration(limits.range)],
            local mean(range) = 'sum_over_time(%s%s) / (sum_over_time(%s%s) > 0)' % [seconds_of_5m, range, calls_of_5m, range],
            // The mean of the week is asked once: it reads the most.
            expr: |||
              (%(now)s)
                and (%(before)s) < (((%(now)s) > %(seconds)s) / %(times)s or ((%(now)s) > %(short)s) / %(many)s)
                and sum_over_time(%(calls)s%(hour)s) >= %(least)d
                and count_over_time(%(calls)s%(week)s) >= %(history)d
            ||| % {
              now: mean(hour),
              before: mean(week),
              times: decimal(limits.times),
              seconds: decimal(limits.seconds),
              short: decimal(limits.sharp_seconds),
              many: decimal(limits.sharp_times),
              calls: calls_of_5m,
              hour: hour,
              week: week,
              least: limits.calls,
              history: 288 * limits.days,
            },
            summary: 'Statement {{ $labels.queryid }} in {{ $labels.datname }} on {{ $labels.instance }} takes {{ $value | humanizeDuration }} on average, over ' + limits.times + ' times its own mean of the last seven days.',
            description: 'Measured on the server over the ' + last(limits.range) + ', from pg_stat_statements. First check the latest deployment, then whether its plan has changed: statistics, a dropped index, a table that grew.',
            impact: 'Pages that run this statement are slower than last week.',
          }),
          alert('CrmDatabaseReplicationLag', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            // Only on a replica. One that is fed by the archive alone is always as old as the newest file: it exports the age
            // of what it replayed, and no link.
            expr: |||
              max by (instance) (%(lag)s) > %(seconds)d
                and on (instance) max by (instance) (%(is_replica)s) == 1
                unless on (instance) (
                  max by (instance) (%(age)s)
                    unless on (instance) max by (instance) (%(link)s)
                )
            ||| % {
              lag: known.gauge('pg_replication_lag_seconds'),
              is_replica: known.gauge('pg_replication_is_replica'),
              age: known.gauge('pantrywatch_database_replica_replayed_age_seconds'),
              link: known.gauge('pantrywatch_database_replica_link_up'),
              seconds: limits.seconds,
            },
            summary: 'Replica {{ $labels.instance }} is {{ $value | humanizeDuration }} behind (limit ' + limits.seconds + 's).',
            description: 'It has received WAL that it has not replayed. First check for long queries on the replica, then its disk.',
            impact: 'Reads from it are stale; after a failover the newest changes arrive late.',
          }),
          alert('CrmDatabaseReplicaDisconnected', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            type: 'error',
            // The lag does not show it: everything received has been replayed. No sample on a primary, nor on a replica that
            // is fed by the archive.
            expr: 'min by (instance) (%s) == 0' % known.gauge('pantrywatch_database_replica_link_up'),
            summary: 'Replica {{ $labels.instance }} has no connection to its primary.',
            description: 'Its lag reads 0, since everything it received has been replayed. First check whether the primary is up and lets the replica in.',
            impact: 'Reads from the replica grow older by the minute; a failover would lose everything since.',
          }),
          alert('CrmDatabaseReplicaBehind', 'medium', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            // The same seen from the primary, also where the replica has no exporter. Not while a new replica copies its
            // first state.
            expr: |||
              max by (instance, application_name) (%s)
                > %d * 1024 * 1024
            ||| % [known.gauge('pg_stat_replication_pg_wal_lsn_diff{state=~"streaming|catchup"}'), limits.mebibytes],
            summary: 'Replica {{ $labels.application_name }} of {{ $labels.instance }} has {{ $value | humanize1024 }}B of WAL left to replay (limit ' + limits.mebibytes + 'MiB).',
            description: 'The primary writes faster than the replica receives or replays. First check write_lag and replay_lag in pg_stat_replication: the network, or the replica.',
            impact: 'Reads from the replica are stale; a failover would lose what it has not received.',
          }),
          alert('CrmDatabaseReplicationSlotRetainsWal', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            // Beyond max_wal_size this slot is what makes pg_wal grow.
            expr: |||
              max by (instance, slot_name) (%s)
                > on (instance) group_left () max by (instance) (%s)
                and on (instance, slot_name) max by (instance, slot_name) (%s) == 0
            ||| % [
              known.gauge('pg_replication_slots_pg_wal_lsn_diff'),
              known.gauge('pg_settings_max_wal_size_bytes'),
              known.gauge('pg_replication_slots_active'),
            ],
            summary: 'Inactive slot {{ $labels.slot_name }} of {{ $labels.instance }} retains {{ $value | humanize1024 }}B of WAL (limit max_wal_size).',
            description: 'The server keeps WAL until the consumer returns. First check whether the replica or consumer still exists.',
            impact: 'None yet. When the disk is full the server stops.',
          }),
          alert('CrmDatabaseReplicationSlotLosesWal', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            type: 'error',
            // unreserved: the next checkpoint may remove what it needs; lost: it has.
            expr: 'max by (instance, slot_name, wal_status) (%s) == 1' % known.gauge('pg_replication_slot_wal_status{wal_status=~"unreserved|lost"}'),
            summary: 'WAL needed by slot {{ $labels.slot_name }} of {{ $labels.instance }} is {{ $labels.wal_status }}.',
            description: 'The slot has fallen behind by more than max_slot_wal_keep_size. unreserved: it can still catch up; lost: its replica must be rebuilt.',
            impact: 'Without this replica there is one copy less of the data.',
          }),
          alert('CrmDatabaseArchivingFailing', 'high', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            type: 'error',
            expr: |||
              max by (instance) (increase(pg_stat_archiver_failed_count[%(range)s])) > 0
                unless on (instance) max by (instance) (increase(pg_stat_archiver_archived_count[%(range)s])) > 0
            ||| % { range: duration(limits.range) },
            summary: 'PostgreSQL {{ $labels.instance }} cannot archive its WAL.',
            description: 'Every attempt in the ' + last(limits.range) + ' failed. First check the server log, which has the output of archive_command, and the free space in the archive.',
            impact: 'None yet. Changes since the last archived file cannot be restored, and pg_wal grows until the disk is full.',
          }),
          wraparound('medium'),
          wraparound('critical'),
          alert('CrmDatabaseDeadRows', 'medium', function(limits) {
            component: 'database',
            narrow_by: ['instance', 'datname'],
            expr: |||
              max by (instance, datname, schemaname, relname) (%s) > %d
                > on (instance, datname, schemaname, relname)
                %s * max by (instance, datname, schemaname, relname) (%s)
            ||| % [
              known.gauge('pg_stat_user_tables_n_dead_tup', '1h'),
              limits.rows,
              decimal(limits.share),
              known.gauge('pg_stat_user_tables_n_live_tup', '1h'),
            ],
            summary: 'Table {{ $labels.schemaname }}.{{ $labels.relname }} of {{ $labels.datname }} on {{ $labels.instance }} has {{ $value | humanize }} dead rows (limit: ' + percent(limits.share) + ' of the live ones).',
            description: 'Vacuum does not keep up. First check for an old transaction or slot that keeps dead rows alive, then autovacuum.',
            impact: 'Lists and searches over this table get slower.',
          }),
          alert('CrmDatabaseCheckpointsRequested', 'low', function(limits) {
            component: 'database',
            narrow_by: ['instance'],
            // More on demand than due: max_wal_size is too small. The second name of each is PostgreSQL 17's.
            expr: |||
              (
                max by (instance) (increase(pg_stat_bgwriter_checkpoints_req_total[%(range)s]))
                  or on (instance) max by (instance) (increase(pg_stat_checkpointer_num_requested_total[%(range)s]))
              ) > %(limit)s > on (instance) (
                max by (instance) (increase(pg_stat_bgwriter_checkpoints_timed_total[%(range)s]))
                  or on (instance) max by (instance) (increase(pg_stat_checkpointer_num_timed_total[%(range)s]))
              )
            ||| % { range: duration(limits.range), limit: decimal(limits.limit + 0.5) },
            summary: '{{ $value | humanize }} checkpoints of {{ $labels.instance }} came early in the ' + last(limits.range) + ' (limit ' + limits.limit + ').',
            description: 'WAL reaches max_wal_size before checkpoint_timeout. First check for a bulk load that explains it; otherwise raise max_wal_size.',
            impact: 'Saving is slower while a checkpoint writes.',
          }),
          sequence('medium'),
          sequence('high'),
        ],
      },
    ],
  }
