// Memory and clients.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.timeseries(
      'Memory vs. limit',
      'Memory in use, and maxmemory where it is set. At the line it evicts keys or refuses writes: see Eviction policy. No line: no limit is set.',
      'bytes',
      [
        panel.query(queries.newest('redis_memory_used_bytes'), '{{instance}} used'),
        panel.query(queries.newest('redis_memory_max_bytes') + ' > 0', '{{instance}} limit'),
      ],
      queries.silent,
    ) + panel.decimals(1) + panel.limit_series('limit'),
    panel.timeseries(
      'Resident memory',
      'What the system gives the server (resident), and the peak usage. Resident far above used: fragmentation, or copy-on-write while it saves.',
      'bytes',
      [
        panel.query(queries.newest('redis_memory_used_rss_bytes'), '{{instance}} resident'),
        panel.query(queries.newest('redis_memory_used_bytes'), '{{instance}} used'),
        panel.query(queries.newest('redis_memory_used_peak_bytes'), '{{instance}} peak'),
      ],
      queries.silent,
    ) + panel.decimals(1),
    panel.timeseries(
      'Fragmentation',
      'Resident divided by used memory. 1 to 1.5 is good; a small cache always looks worse. Below 1: part of it is swapped out, and it is slow. High in the allocator: set activedefrag yes; not returned: MEMORY PURGE; neither: a restart.',
      'none',
      [
        panel.query(queries.newest('redis_mem_fragmentation_ratio'), '{{instance}} all'),
        panel.query(queries.newest('redis_allocator_frag_ratio'), '{{instance}} in the allocator'),
        panel.query(queries.newest('redis_allocator_rss_ratio'), '{{instance}} not returned to the system'),
      ],
      queries.silent,
    ),
    panel.timeseries(
      'Memory by use',
      'The data itself, and overhead (buffers of clients and replicas, bookkeeping). Only overhead growing: a client that does not read its replies.',
      'bytes',
      [
        panel.query('sum(max by (instance) (sum by (job, instance) (redis_memory_used_dataset_bytes{%s})))' % queries.server, 'data'),
        panel.query('sum(max by (instance) (sum by (job, instance) (redis_memory_used_overhead_bytes{%s})))' % queries.server, 'overhead'),
      ],
      queries.silent,
      width=6,
    ) + panel.decimals(1) + panel.stacked,
    panel.timeseries(
      'Clients vs. limit',
      'Client connections and maxclients. Close to the line: a pool that grew, or leaked connections; at the line new ones are refused.',
      'short',
      [
        panel.query(queries.newest('redis_connected_clients'), '{{instance}} connected'),
        panel.query(queries.newest('redis_config_maxclients'), '{{instance}} limit'),
      ],
      queries.silent + queries.blind,
      width=6,
    ) + panel.decimals(0) + panel.logarithmic + panel.limit_series('limit'),
    panel.timeseries(
      'New connections',
      'Connections accepted per second. Good: close to none. Many: the application opens one per request; use a pool.',
      'ops',
      [panel.query(queries.rate('redis_connections_received_total'), '{{instance}}')],
      queries.silent,
      width=6,
    ),
    panel.timeseries(
      'Average key expiry',
      'Average time to live of keys that have one. Shorter than the time between two reads of the same key: most lookups miss.',
      's',
      [panel.query('max by (instance, db) (redis_db_avg_ttl_seconds{%s})' % queries.server, '{{instance}} {{db}}')],
      queries.silent + ' An empty cache lists no keys.',
      width=6,
    ),
  ]
