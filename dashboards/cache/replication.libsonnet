// Would a restart lose something?
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local done = { '0': ['failed', colors.hurt], '1': ['ok', colors.kept] };

  [
    panel.stat(
      'Last saves',
      'Whether the last dump, append and rewrite of the append-only file succeeded; also ok where a kind is off. Failed: the disk is full or not writable, and by default Redis then refuses writes.',
      'none',
      [
        panel.now('min(redis_rdb_last_bgsave_status{%s})' % queries.server, 'dump'),
        panel.now('min(redis_aof_last_write_status{%s})' % queries.server, 'append'),
        panel.now('min(redis_aof_last_bgrewrite_status{%s})' % queries.server, 'rewrite'),
      ],
      queries.unanswered,
      width=8,
      height=8,
    ) + panel.decimals(0) + panel.texts(done) + panel.plain_stat,
    panel.timeseries(
      'Time since last dump',
      'Time since the last successful dump. A crash loses the changes since then, unless the append-only file is on. For a plain cache that is fine.',
      's',
      [panel.query('time() - min by (instance) (redis_rdb_last_save_timestamp_seconds{%s})' % queries.server, '{{instance}}')],
      queries.silent,
    ) + panel.decimals(1),
    panel.timeseries(
      'Changes since last dump',
      'Changes since the last dump. Grows while the cache is used, and drops with each dump.',
      'short',
      [panel.query(queries.newest('redis_rdb_changes_since_last_save'), '{{instance}}')],
      queries.silent,
    ) + panel.decimals(0),
    panel.timeseries(
      'Fork duration',
      'How long the last fork for a dump or a rewrite took; the server is blocked meanwhile. Above 100 ms users notice: keep less data in one server, or turn dumps off.',
      's',
      [panel.query(queries.newest('redis_latest_fork_seconds'), '{{instance}}')],
      queries.silent,
    ),
    panel.timeseries(
      'Connected replicas',
      'Replicas connected to each server. One missing: check its log.',
      'short',
      [panel.query(queries.newest('redis_connected_slaves'), '{{instance}}')],
      queries.silent,
    ) + panel.decimals(0),
    panel.timeseries(
      'Replica lag (seen by primary)',
      'Time since each replica last acknowledged. Good: 0 or 1 s. Above ' + alerts.CrmCacheReplicationLag.seconds + ' s: the network, or the replica, is too slow.',
      's',
      [panel.query('max by (instance, slave_ip, slave_port) (redis_connected_slave_lag_seconds{%s})' % queries.server, '{{instance}} to {{slave_ip}}:{{slave_port}}')],
      'No replica is connected to the chosen servers.',
    ) + panel.limits([[null, colors.kept], [alerts.CrmCacheReplicationLag.seconds, colors.broken]]) + panel.lines,
  ]
