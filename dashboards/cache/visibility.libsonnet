// What the exporter cannot see for lack of privileges.
function(config)
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);

  [
    status.privileges('exporter="cache", ' + queries.server, {
      info: 'everything: all other metrics come from INFO',
      config: 'client limit, number of threads (CONFIG GET)',
      latency: 'command percentiles, distribution and latency spikes (LATENCY)',
      slowlog: 'slow commands (SLOWLOG)',
      scan: 'samples of keys (SCAN)',
      memory: 'memory by prefix, largest key (MEMORY USAGE)',
      object: 'memory by encoding, hottest key (OBJECT)',
    }, width=24),
  ]
