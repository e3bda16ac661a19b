// What the monitoring cannot see.
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';

[
  status.privileges('exporter="cache", ' + queries.server, {
    info: 'anything: all else is read from INFO',
    config: 'limit of clients, number of threads (CONFIG GET)',
    latency: 'percentile, heat map and spike of commands (LATENCY)',
    slowlog: 'slow command (SLOWLOG)',
  }, width=24),
]
