// PostgreSQL: what hurts now, or will if nobody acts. What the database promises its users is in targets.yaml.
// The names are postgres_exporter's where it has them; pantrywatch_* are ours alone, and fall back to its where it can tell.
local alert = (import 'lib/alert.libsonnet').alert;
local decimal = (import 'lib/target.libsonnet').decimal;

// Connections an ordinary role can have: the reserved ones are no use to the application.
// reserved_connections is new in PostgreSQL 16.
local connections_used = |||
  (
    max by (instance) (pantrywatch_database_connections_used)
      / on (instance) (max by (instance) (pantrywatch_database_connections_limit) > 0)
  ) or on (instance) sum by (instance) (pg_stat_activity_count) / on (instance) (
    max by (instance) (pg_settings_max_connections)
      - on (instance) max by (instance) (pg_settings_superuser_reserved_connections)
      - on (instance) (
        max by (instance) (pg_settings_reserved_connections)
          or on (instance) 0 * max by (instance) (pg_settings_max_connections)
      ) > 0
  )
|||;

local connections(severity, limit, wait) = alert(
  'CrmDatabaseConnectionsNearLimit',
  severity,
  'database',
  '(\n%s) > %s\n' % [connections_used, decimal(limit)],
  wait,
  '{{ $value | humanizePercentage }} of the connections of {{ $labels.instance }} are in use (limit %d %%).' % (limit * 100),
  'Counted against what an ordinary role can have: reserved connections do not help the application. Look first at who holds them: a pool that grew, or sessions idle inside a transaction.',
  'When the last one is taken, every page that needs the database fails.',
);

local sequence(severity, limit) = alert(
  'CrmDatabaseSequenceNearEnd',
  severity,
  'database',
  'max by (instance, datname) (pantrywatch_database_sequence_used_ratio) > ' + decimal(limit),
  // Numbers given out do not come back: the second look is only against a single odd sample.
  '1m',
  'A sequence in {{ $labels.datname }} on {{ $labels.instance }} has given out {{ $value | humanizePercentage }} of its numbers (limit %d %%).' % (limit * 100),
  'At 100 % nextval() fails. Look first at which sequence it is, and whether its column is an integer that must become a bigint.',
  'Nobody will be able to add a row to the table it numbers.',
);

local wraparound(severity, millions) = alert(
  'CrmDatabaseWraparound',
  severity,
  'database',
  |||
    max by (instance, datname) (pg_database_wraparound_age_datfrozenxid_seconds) > %(limit)d
      or max by (instance, datname) (pg_database_wraparound_age_datminmxid_seconds) > %(limit)d
  ||| % { limit: millions * 1000000 },
  // A vacuum that has just ended lowers the age at once: wait for one or two runs of the query.
  '5m',
  '{{ $labels.datname }} on {{ $labels.instance }} is {{ $value | humanize }} transactions from its last freeze (limit %dM, stop at 2.1G).' % millions,
  'Autovacuum should have frozen old rows long ago. Look first for what holds it back: an old transaction, a replication slot, a prepared transaction, autovacuum switched off.',
  'Nothing yet. At about 2.1G the server refuses every write until it has been vacuumed.',
);

{
  groups: [
    {
      name: 'database.alerts',
      rules: [
        alert(
          'CrmDatabaseDown',
          'critical',
          'database',
          'max by (instance) (pg_up) == 0',
          // Four scrapes: a restart of the server takes less.
          '1m',
          'PostgreSQL {{ $labels.instance }} does not answer.',
          'The exporter has had no session for a minute. The label class of pantrywatch_collector_error says why: refused, timeout, auth, exhausted …',
          'Users can neither read nor save anything.',
          'error',
        ),
        // A fifth is left: time to find the holder before users are refused. 5 minutes: longer than a burst of log-ins.
        connections('high', 0.8, '5m'),
        // Next to none is left: a few users more and the first is refused.
        connections('critical', 0.95, '1m'),
        alert(
          'CrmDatabaseTransactionLong',
          'medium',
          'database',
          // A request takes seconds, a nightly dump of this database minutes; raise it where yours takes longer.
          |||
            (
              max by (instance) (pg_long_running_transactions_oldest_timestamp_seconds)
                or on (instance) max by (instance) (pg_stat_activity_max_tx_duration)
            ) > 1800
          |||,
          '1m',
          'A transaction on {{ $labels.instance }} has been open for {{ $value | humanizeDuration }} (limit 30m).',
          'While it is open, no row deleted since can be removed and its locks stay. Look first at what it does: a report, a migration, a dump.',
          'Pages become slower by and by; whoever needs a lock it holds waits.',
        ),
        alert(
          'CrmDatabaseIdleInTransaction',
          'medium',
          'database',
          // No request lives for 5 minutes: who asked has gone and nobody will commit. Without our exporter the age of
          // the transaction stands for the time it has been idle, which is no longer.
          |||
            (
              max by (instance) (pantrywatch_database_idle_in_transaction_oldest_seconds)
                or on (instance) max by (instance) (pg_stat_activity_max_tx_duration{state=~"idle in transaction.*"})
            ) > 300
          |||,
          '1m',
          'A session on {{ $labels.instance }} has been idle inside a transaction for {{ $value | humanizeDuration }} (limit 5m).',
          'The application began a transaction and neither committed nor rolled back. It holds its locks and a connection of the pool meanwhile.',
          'Whoever changes the same records waits; the pool has one connection less.',
        ),
        alert(
          'CrmDatabaseLockWait',
          'high',
          'database',
          // Longer than a browser waits for the API: somebody has seen an error already.
          'max by (instance) (pantrywatch_database_lock_longest_wait_seconds) > 30',
          // The value is a time itself; two evaluations more than that.
          '30s',
          'A session on {{ $labels.instance }} has waited {{ $value | humanizeDuration }} for a lock (limit 30s).',
          'Others queue behind it. Look first at the session that blocks and waits for nobody: often idle inside a transaction, or a schema change.',
          'Saving hangs for some users, and with a lock on a whole table for everyone.',
        ),
        alert(
          'CrmDatabaseLockQueue',
          'high',
          'database',
          // An application with a lock or statement timeout gives up long before the 30 s above and comes again: nobody
          // waits long, and the queue never empties. One or two at a time is a busy row.
          'max by (instance) (min_over_time(pantrywatch_database_lock_waiters[2m])) > 2',
          '30s',
          'At least {{ $value | humanize }} sessions on {{ $labels.instance }} have been waiting for locks for two minutes without a break (limit 2).',
          'Each may give up soon, by its timeout, while others take its place. Somebody holds a lock that everyone needs.',
          'Some requests fail after a wait, again and again, until the one that blocks lets go.',
        ),
        alert(
          'CrmDatabaseDeadlocks',
          'medium',
          'database',
          // At least three (increase() extrapolates): one is chance, several are two pieces of code that lock in
          // opposite order.
          'sum by (instance, datname) (increase(pg_stat_database_deadlocks[15m])) > 2.5',
          '1m',
          '{{ $value | humanize }} deadlocks in {{ $labels.datname }} on {{ $labels.instance }} within 15 minutes (limit 2).',
          'The server ended one transaction of each pair. Its log names both statements.',
          'Some users were told that saving failed; trying again works.',
          'error',
        ),
        alert(
          'CrmDatabaseTemporaryFiles',
          'low',
          'database',
          // Arbitrary: a tenth of what a plain disk writes. Sorts that fit into work_mem write nothing.
          'sum by (instance, datname) (rate(pg_stat_database_temp_bytes[15m])) > 10 * 1024 * 1024',
          // Longer than one report.
          '30m',
          'Queries in {{ $labels.datname }} on {{ $labels.instance }} write {{ $value | humanize1024 }}B/s of temporary files (limit 10MiB/s).',
          'Sorts and joins do not fit into work_mem. Look first at the statements with the most temporary blocks.',
          'Reports and long lists are slower than they need to be.',
        ),
        alert(
          'CrmDatabasePendingRestart',
          'low',
          'database',
          'max by (instance) (pantrywatch_database_settings_pending_restart) > 0',
          // Who changes a setting that needs a restart has an hour to do it.
          '1h',
          'Settings of {{ $labels.instance }} that wait for a restart: {{ $value }}.',
          'The configuration on disk differs from what the server runs with: the next restart, planned or not, changes its behaviour.',
          'None yet.',
        ),
        alert(
          'CrmDatabaseChecksumFailures',
          'critical',
          'database',
          // One is enough, and it stays until the statistics are reset: a page does not heal.
          'max by (instance, datname) (pg_stat_database_checksum_failures) > 0',
          '30s',
          'Corrupt pages read in {{ $labels.datname }} on {{ $labels.instance }}: {{ $value }}.',
          'Pages read from disk did not match their checksum: a disk, controller or memory is failing. Look first at the server log, which names file and block; then at the disk. An empty name means a catalog all databases share.',
          'Some records cannot be read, and more may follow.',
          'error',
        ),
      ],
    },
    {
      name: 'database.upkeep.alerts',
      rules: [
        alert(
          'CrmDatabaseReplicationLag',
          'high',
          'database',
          // Only on a replica. A minute is what a user notices who reads back what was saved. One that the archive alone
          // feeds is always as old as its newest file: it tells the age of what it replayed and has no link.
          |||
            max by (instance) (pg_replication_lag_seconds) > 60
              and on (instance) max by (instance) (pg_replication_is_replica) == 1
              unless on (instance) (
                max by (instance) (pantrywatch_database_replica_replayed_age_seconds)
                  unless on (instance) max by (instance) (pantrywatch_database_replica_link_up)
              )
          |||,
          // A long statement on the replica may hold replay for max_standby_streaming_delay, 30 s unless set.
          '5m',
          'Replica {{ $labels.instance }} is {{ $value | humanizeDuration }} behind (limit 1m).',
          'It has received WAL that it has not replayed. Look first at long queries on the replica and at its disk.',
          'What is read there is old; after a failover the newest changes are late.',
        ),
        alert(
          'CrmDatabaseReplicaDisconnected',
          'high',
          'database',
          // No lag tells it: all that came was replayed. No sample on a primary, nor on a replica that the archive feeds.
          'min by (instance) (pantrywatch_database_replica_link_up) == 0',
          // Longer than a primary takes to restart.
          '2m',
          'Replica {{ $labels.instance }} has no connection to its primary.',
          'Its lag reads 0, since all it received was replayed. Look first at whether the primary is up and lets the replica in.',
          'Reads from the replica grow older by the minute; a failover would lose everything since.',
          'error',
        ),
        alert(
          'CrmDatabaseReplicaBehind',
          'medium',
          'database',
          // The same seen from the primary, also where the replica has no exporter. 32 files of WAL: more than a burst.
          // Not while a new replica copies its first state.
          |||
            max by (instance, application_name) (pg_stat_replication_pg_wal_lsn_diff{state=~"streaming|catchup"})
              > 512 * 1024 * 1024
          |||,
          '5m',
          'Replica {{ $labels.application_name }} of {{ $labels.instance }} has {{ $value | humanize1024 }}B of WAL still to replay (limit 512MiB).',
          'The primary writes faster than the replica receives or replays. Look first at write_lag and replay_lag in pg_stat_replication: the network, or the replica.',
          'What is read from the replica is old; a failover would lose what it has not received.',
        ),
        alert(
          'CrmDatabaseReplicationSlotRetainsWal',
          'high',
          'database',
          // max_wal_size is what the disk was planned for; beyond it this slot is what makes pg_wal grow.
          |||
            max by (instance, slot_name) (pg_replication_slots_pg_wal_lsn_diff)
              > on (instance) group_left () max by (instance) (pg_settings_max_wal_size_bytes)
              and on (instance, slot_name) max by (instance, slot_name) (pg_replication_slots_active) == 0
          |||,
          // Longer than a replica takes to restart.
          '5m',
          'Slot {{ $labels.slot_name }} of {{ $labels.instance }}, which nobody reads, keeps {{ $value | humanize1024 }}B of WAL (limit max_wal_size).',
          'The server keeps WAL until the consumer comes back. Look first at whether the replica or consumer still exists.',
          'None yet. When the disk is full the server stops.',
        ),
        alert(
          'CrmDatabaseReplicationSlotLosesWal',
          'high',
          'database',
          // unreserved: the next checkpoint may remove what it needs; lost: it has.
          'max by (instance, slot_name, wal_status) (pg_replication_slots_wal_status{wal_status=~"unreserved|lost"}) == 1',
          '1m',
          'WAL that slot {{ $labels.slot_name }} of {{ $labels.instance }} needs is {{ $labels.wal_status }}.',
          'The slot has fallen behind by more than max_slot_wal_keep_size. unreserved: it can still catch up; lost: its replica must be built anew.',
          'Without this replica there is one copy less of the data.',
          'error',
        ),
        alert(
          'CrmDatabaseArchivingFailing',
          'high',
          'database',
          // Tried again each minute: failures and not one success in ten minutes is no hiccup.
          |||
            sum by (instance) (increase(pg_stat_archiver_failed_count[10m])) > 0
              unless on (instance) sum by (instance) (increase(pg_stat_archiver_archived_count[10m])) > 0
          |||,
          '5m',
          'PostgreSQL {{ $labels.instance }} cannot archive its WAL.',
          'Every attempt of the last ten minutes failed. Look first at the server log, which has the output of archive_command, and at room in the archive.',
          'None yet. Changes since the last archived file cannot be restored, and pg_wal grows until the disk is full.',
          'error',
        ),
        // Freezing is forced from 200M (autovacuum_freeze_max_age) and should be done long before this.
        wraparound('medium', 500),
        // Three quarters are used; a vacuum of a large table may take days.
        wraparound('critical', 1500),
        alert(
          'CrmDatabaseDeadRows',
          'medium',
          'database',
          // Autovacuum begins at a fifth of the live rows; at half it does not run or cannot remove them. Small tables
          // do not matter.
          |||
            max by (instance, datname, schemaname, relname) (pg_stat_user_tables_n_dead_tup) > 10000
              > on (instance, datname, schemaname, relname)
              0.5 * max by (instance, datname, schemaname, relname) (pg_stat_user_tables_n_live_tup)
          |||,
          // Longer than autovacuum takes to come round and to vacuum a table of this size.
          '30m',
          'Table {{ $labels.schemaname }}.{{ $labels.relname }} of {{ $labels.datname }} on {{ $labels.instance }} holds {{ $value | humanize }} dead rows (limit half of the live ones).',
          'Vacuum does not keep up. Look first for an old transaction or slot that keeps dead rows alive, then at autovacuum.',
          'Lists and searches over this table become slower.',
        ),
        alert(
          'CrmDatabaseCheckpointsRequested',
          'low',
          'database',
          // In an hour 12 are due (checkpoint_timeout, 5 minutes); more on demand than due, and at least half as many as
          // those: max_wal_size is too small. The second name of each is PostgreSQL 17's.
          |||
            (
              sum by (instance) (increase(pg_stat_bgwriter_checkpoints_req_total[1h]))
                or on (instance) sum by (instance) (increase(pg_stat_checkpointer_num_requested_total[1h]))
            ) > 5.5 > on (instance) (
              sum by (instance) (increase(pg_stat_bgwriter_checkpoints_timed_total[1h]))
                or on (instance) sum by (instance) (increase(pg_stat_checkpointer_num_timed_total[1h]))
            )
          |||,
          '5m',
          '{{ $value | humanize }} checkpoints of {{ $labels.instance }} in an hour came before they were due (limit 5).',
          'WAL reaches max_wal_size before checkpoint_timeout. Look first for a bulk load that explains it; else raise max_wal_size.',
          'Saving is slower while a checkpoint writes.',
        ),
        // A fifth is left: months at most rates, enough to plan a change of type.
        sequence('medium', 0.8),
        // A twentieth is left, and an import may take it in a night.
        sequence('high', 0.95),
      ],
    },
  ],
}
