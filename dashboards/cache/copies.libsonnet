// Would a restart lose something?
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local done = { '0': ['failed', colours.hurt], '1': ['well', colours.kept] };

[
  panel.stat(
    'Last saves',
    'Whether the last dump, append and rewrite of the append-only file succeeded; well too where a kind is off. Failed: the disk is full or not writable – and Redis then refuses writes unless told otherwise.',
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
    'Since the last dump',
    'Time since the last dump that succeeded. What changed since is lost in a crash, unless the append-only file is on. For a plain cache that is as it should be.',
    's',
    [panel.query('time() - min by (instance) (redis_rdb_last_save_timestamp_seconds{%s})' % queries.server, '{{instance}}')],
    queries.silent,
  ) + panel.decimals(1),
  panel.timeseries(
    'Changes not dumped',
    'Changes since the last dump. It grows while the cache is used, and falls with each dump.',
    'short',
    [panel.query(queries.newest('redis_rdb_changes_since_last_save'), '{{instance}}')],
    queries.silent,
  ) + panel.decimals(0),
  panel.timeseries(
    'Forks',
    'Time the last fork for a dump or a rewrite took: the server stands still meanwhile. Above 100 ms users notice: less memory in one server, or no dumps.',
    's',
    [panel.query(queries.newest('redis_latest_fork_seconds'), '{{instance}}')],
    queries.silent,
  ),
  panel.timeseries(
    'Replicas connected',
    'Replicas of each server. One fewer than there should be: read its log.',
    'short',
    [panel.query(queries.newest('redis_connected_slaves'), '{{instance}}')],
    queries.silent,
  ) + panel.decimals(0),
  panel.timeseries(
    'Lag of replicas',
    'Seen from the primary: time since each replica acknowledged. Good: 0 or 1 s. Above 10 s: the network, or the replica is too slow.',
    's',
    [panel.query('max by (instance, slave_ip, slave_port) (redis_connected_slave_lag_seconds{%s})' % queries.server, '{{instance}} to {{slave_ip}}:{{slave_port}}')],
    'No replica is connected to the chosen servers.',
    // As CrmCacheReplicationLag.
  ) + panel.limits([[null, colours.kept], [10, colours.broken]]) + panel.lines,
]
