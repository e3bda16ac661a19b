// Are the copies good: replicas and archive?
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Lag seen on a replica',
    'Age of the newest transaction a replica has replayed; 0 on a primary. Good: below a second. Above a minute: long queries on the replica, or its disk.',
    's',
    [panel.query('max by (instance) (pg_replication_lag_seconds{%s})' % queries.server, '{{instance}}')],
    queries.silent,
    // As CrmDatabaseReplicationLag.
  ) + panel.limits([[null, colours.kept], [60, colours.broken]]) + panel.lines,
  panel.timeseries(
    'WAL a replica has still to replay',
    'Seen from the primary, by replica. Good: below some MiB. Growing: the network to the replica, or the replica is too slow.',
    'bytes',
    [panel.query('max by (instance, application_name) (pg_stat_replication_pg_wal_lsn_diff{%s})' % queries.server, '{{instance}} to {{application_name}}')],
    'No replica is connected to the chosen servers.',
    // As CrmDatabaseReplicaBehind.
  ) + panel.limits([[null, colours.kept], [512 * 1024 * 1024, colours.broken]]) + panel.lines,
  panel.timeseries(
    'WAL a slot keeps',
    'WAL that cannot be removed because a replication slot may need it. A slot nobody reads fills the disk.',
    'bytes',
    [panel.query('max by (instance, slot_name) (pg_replication_slots_pg_wal_lsn_diff{%s})' % queries.server, '{{instance}} {{slot_name}}')],
    'The chosen servers have no replication slot.',
  ),
  panel.timeseries(
    'Archiving',
    'WAL files archived and failed attempts, an hour. Failures: changes since the last archived file cannot be restored – the server log has the output of archive_command.',
    'short',
    [
      panel.query('3600 * ' + queries.rate('pg_stat_archiver_archived_count', 'instance', queries.server), '{{instance}} archived'),
      panel.query('3600 * ' + queries.rate('pg_stat_archiver_failed_count', 'instance', queries.server), '{{instance}} failed'),
    ],
    queries.silent,
    width=12,
  ) + panel.decimals(1),
  panel.timeseries(
    'Queries cancelled on a replica',
    'Because replay needed what they used, by reason, a second. Good: 0. Raise max_standby_streaming_delay, or send long reports elsewhere.',
    'ops',
    [
      panel.query(queries.rate('pg_stat_database_conflicts_confl_lock', 'job'), 'lock'),
      panel.query(queries.rate('pg_stat_database_conflicts_confl_snapshot', 'job'), 'old snapshot'),
      panel.query(queries.rate('pg_stat_database_conflicts_confl_bufferpin', 'job'), 'pinned buffer'),
      panel.query(queries.rate('pg_stat_database_conflicts_confl_deadlock', 'job'), 'deadlock'),
    ],
    queries.silent,
    width=12,
  ),
]
