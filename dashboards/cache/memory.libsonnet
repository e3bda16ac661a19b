// Memory and clients.
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Memory against its limit',
    'Memory in use, and maxmemory where one is set. At the line it evicts, or refuses writes: see When it is full. No line: no limit is set.',
    'bytes',
    [
      panel.query(queries.newest('redis_memory_used_bytes'), '{{instance}} used'),
      panel.query(queries.newest('redis_memory_max_bytes') + ' > 0', '{{instance}} limit'),
    ],
    queries.silent,
  ) + panel.decimals(1) + panel.limit_series('limit'),
  panel.timeseries(
    'Memory for the operating system',
    'What the system gives the server (resident), and the most it ever used. Resident far above used: fragmentation, or a copy while it saves.',
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
    'Resident by used memory. 1 to 1.5 is good; a small cache always looks worse. Below 1: part of it is swapped out, and it is slow. Large for long: activedefrag yes, or a restart.',
    'none',
    [panel.query(queries.newest('redis_mem_fragmentation_ratio'), '{{instance}}')],
    queries.silent,
  ),
  panel.timeseries(
    'What the memory holds',
    'The data itself, and overhead (buffers of clients and replicas, bookkeeping). Overhead growing alone: a client that does not read its answers.',
    'bytes',
    [
      panel.query('sum(redis_memory_used_dataset_bytes{%s})' % queries.server, 'data'),
      panel.query('sum(redis_memory_used_overhead_bytes{%s})' % queries.server, 'overhead'),
    ],
    queries.silent,
    width=6,
  ) + panel.decimals(1) + panel.stacked,
  panel.timeseries(
    'Clients against the limit',
    'Client connections and maxclients. Near the line: a pool that grew, or connections nobody closes; beyond it new ones are refused.',
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
    'Connections accepted a second. Good: next to none. Many: the application connects anew for each request – use a pool.',
    'ops',
    [panel.query(queries.rate('redis_connections_received_total'), '{{instance}}')],
    queries.silent,
    width=6,
  ),
  panel.timeseries(
    'Time to live',
    'Average time to live of the keys that have one. Shorter than the time between two readings of the same thing: most look-ups miss.',
    's',
    [panel.query('max by (instance, db) (redis_db_avg_ttl_seconds{%s})' % queries.server, '{{instance}} {{db}}')],
    queries.silent + ' An empty cache lists no keys.',
    width=6,
  ),
]
