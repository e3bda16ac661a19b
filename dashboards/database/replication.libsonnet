// Are replicas and archive healthy?
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.timeseries(
      'Replication lag (seen by replica)',
      'Age of the newest transaction the replica has replayed; 0 on a primary. Good: below a second. Above a minute: long queries on the replica, or its disk.',
      's',
      [panel.query('max by (instance) (pg_replication_lag_seconds{%s})' % queries.server, '{{instance}}')],
      queries.silent,
    ) + panel.limits([[null, colors.kept], [alerts.CrmDatabaseReplicationLag.seconds, colors.broken]]) + panel.lines,
    panel.timeseries(
      'WAL left to replay (seen by primary)',
      'WAL each replica has not replayed yet. Good: below a few MiB. Growing: the network to the replica, or the replica, is too slow.',
      'bytes',
      [panel.query('max by (instance, application_name) (pg_stat_replication_pg_wal_lsn_diff{%s})' % queries.server, '{{instance}} to {{application_name}}')],
      'No replica is connected to the chosen servers.',
    ) + panel.limits([[null, colors.kept], [alerts.CrmDatabaseReplicaBehind.mebibytes * 1024 * 1024, colors.broken]]) + panel.lines,
    panel.timeseries(
      'WAL retained by slots',
      'WAL that cannot be removed because a replication slot may need it. An inactive slot fills the disk.',
      'bytes',
      [panel.query('max by (instance, slot_name) (pg_replication_slots_pg_wal_lsn_diff{%s})' % queries.server, '{{instance}} {{slot_name}}')],
      'The chosen servers have no replication slot.',
    ),
    panel.timeseries(
      'WAL archiving',
      'WAL files archived and failed attempts, per hour. Failures: changes since the last archived file cannot be restored. The server log has the output of archive_command.',
      'short',
      [
        panel.query('3600 * ' + queries.rate('pg_stat_archiver_archived_count', 'instance', queries.server), '{{instance}} archived'),
        panel.query('3600 * ' + queries.rate('pg_stat_archiver_failed_count', 'instance', queries.server), '{{instance}} failed'),
      ],
      queries.silent,
      width=12,
    ) + panel.decimals(1),
    panel.timeseries(
      'Queries canceled on replicas',
      'Queries canceled per second because replay needed what they used, by reason. Good: 0. Otherwise raise max_standby_streaming_delay, or run long reports elsewhere.',
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
