// Why are look-ups missed, and what is refused?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Found (traffic)',
    'Share of look-ups that found their key. ' + promise.words('cache-hit-ratio') + ' A cliff that climbs back: it was emptied or restarted (cold). A slope: keys expire or are evicted before they are read again.',
    'percentunit',
    [panel.query(queries.hits(), '{{instance}}')],
    queries.silent + ' Or nobody looked anything up.',
    width=12,
  ) + panel.between(null, 1) + panel.soft_from(0.8) + promise.good_share('cache-hit-ratio'),
  panel.timeseries(
    'Look-ups',
    'Look-ups a second that found their key and that did not. More misses with as many hits: something new is asked for that is never stored.',
    'ops',
    [
      panel.query(queries.rate('redis_keyspace_hits_total'), '{{instance}} found'),
      panel.query(queries.rate('redis_keyspace_misses_total'), '{{instance}} missed'),
    ],
    queries.silent,
    width=12,
  ) + panel.stacked,
  panel.timeseries(
    'Why missed: keys that went',
    'Keys a second that expired (their time was over) and that were evicted (no room). Evictions with many misses: raise maxmemory or store less. Expiries: longer times to live, where old answers do no harm.',
    'ops',
    [
      panel.query(queries.rate('redis_expired_keys_total'), '{{instance}} expired'),
      panel.query(queries.rate('redis_evicted_keys_total'), '{{instance}} evicted'),
    ],
    queries.silent,
  ),
  panel.timeseries(
    'Why missed: a cold cache',
    'Keys in the cache. A fall to 0: it was emptied (FLUSHALL) or restarted without its data; the hit ratio comes back as this does.',
    'short',
    [
      panel.query('sum by (instance) (redis_db_keys{%s})' % queries.server, '{{instance}} keys'),
      panel.query('sum by (instance) (redis_db_keys_expiring{%s})' % queries.server, '{{instance}} with a time to live'),
    ],
    queries.silent + ' An empty cache lists no keys.',
  ) + panel.decimals(0),
  panel.timeseries(
    'As the application sees it (traffic)',
    'Share of cached answers the application looked up and found: one look-up of its own may be several in Redis. Off: it did not ask, because the cache is away. The names are those of the demo; another CRM may not export them.',
    'percentunit',
    [
      panel.query('sum(rate(crm_app_cache_requests_total{result="hit"}[$__rate_interval])) / (sum(rate(crm_app_cache_requests_total[$__rate_interval])) > 0)', 'found'),
      panel.query('sum(rate(crm_app_cache_requests_total{result="off"}[$__rate_interval])) / (sum(rate(crm_app_cache_requests_total[$__rate_interval])) > 0)', 'off'),
    ],
    'The application does not tell how it uses the cache, or nobody uses it.',
  ) + panel.ratio + panel.colour('found', 'green') + panel.colour('off', 'red') + panel.to_board('api', 'The API'),
  panel.timeseries(
    'Errors and refusals',
    'Error replies by their code, and connections refused for maxclients, a second. OOM: full, and nothing may be evicted. NOAUTH, WRONGPASS, NOPERM: somebody has the wrong password or rights. LOADING: it has just started.',
    'ops',
    [
      panel.query('sum by (err) (rate(redis_errors_total{%s}[$__rate_interval]))' % queries.server, '{{err}}'),
      panel.query('sum(rate(redis_rejected_connections_total{%s}[$__rate_interval]))' % queries.server, 'connections refused'),
    ],
    queries.silent,
  ),
  panel.timeseries(
    'Slow commands',
    'New entries in the slow log an hour (commands slower than slowlog-log-slower-than, 10 ms unless set). Each stops everybody else meanwhile. SLOWLOG GET shows them: KEYS, a large range, a script.',
    'short',
    [panel.query('3600 * max by (instance) (clamp_min(deriv(redis_slowlog_last_id{%s}[$__rate_interval]), 0))' % queries.server, '{{instance}}')],
    queries.silent + queries.blind,
  ) + panel.decimals(1),
  panel.timeseries(
    'Clients that wait',
    'Clients in a blocking command (BLPOP and the like). Normal for queues, else 0.',
    'short',
    [panel.query(queries.newest('redis_blocked_clients'), '{{instance}}')],
    queries.silent,
  ) + panel.decimals(0),
]
