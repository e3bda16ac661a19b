// Why do lookups miss, and what is rejected?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local usual = import '../lib/usual.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.timeseries(
      'Hit ratio over time (traffic)',
      'Share of lookups that found their key. ' + slo_targets.words('cache-hit-ratio') + ' A sudden drop that recovers: the cache was emptied or restarted (cold). A slope: keys expire or are evicted before they are read again.',
      'percentunit',
      [panel.query(queries.hits(), '{{instance}}')],
      queries.silent + ' Or there were no lookups.',
      width=12,
    ) + panel.between(null, 1) + panel.soft_from(0.8) + slo_targets.good_share('cache-hit-ratio'),
    panel.timeseries(
      'Lookups',
      'Hits and misses per second. More misses with as many hits: the application asks for something that is never stored.',
      'ops',
      [
        panel.query(queries.rate('redis_keyspace_hits_total'), '{{instance}} hits'),
        panel.query(queries.rate('redis_keyspace_misses_total'), '{{instance}} misses'),
      ],
      queries.silent,
      width=12,
    ) + panel.stacked,
    panel.timeseries(
      'Misses: expired and evicted keys',
      'Keys per second that expired and that were evicted for lack of room. Evictions with many misses: raise maxmemory or store less. Expired: use longer expiry times where stale data does no harm.',
      'ops',
      [
        panel.query(queries.rate('redis_expired_keys_total'), '{{instance}} expired'),
        panel.query(queries.rate('redis_evicted_keys_total'), '{{instance}} evicted'),
      ],
      queries.silent,
    ),
    panel.timeseries(
      'Misses: cold cache',
      'Keys in the cache. A drop to 0: it was emptied (FLUSHALL) or restarted without its data; the hit ratio recovers as this does.',
      'short',
      [
        panel.query('max by (instance) (sum by (job, instance) (redis_db_keys{%s}))' % queries.server, '{{instance}} keys'),
        panel.query('max by (instance) (sum by (job, instance) (redis_db_keys_expiring{%s}))' % queries.server, '{{instance}} with an expiry'),
      ],
      queries.silent + ' An empty cache lists no keys.',
    ) + panel.decimals(0),
    panel.timeseries(
      'Hit ratio seen by the application (traffic)',
      'Share of keys the application looked up and found; by prefix of the key in the row Keys. Off: it did not ask, because the cache is down. The metric names are those of the demo; another CRM may not export them.',
      'percentunit',
      [
        panel.query('sum(rate(crm_app_cache_requests_total{result="hit"}[$__rate_interval])) / (sum(rate(crm_app_cache_requests_total[$__rate_interval])) > 0)', 'hits'),
        panel.query('sum(rate(crm_app_cache_requests_total{result="off"}[$__rate_interval])) / (sum(rate(crm_app_cache_requests_total[$__rate_interval])) > 0)', 'off'),
      ],
      'The application does not export its cache usage, or is idle.',
    ) + panel.ratio + panel.color('hits', 'green') + panel.color('off', 'red') + panel.to_board('api', 'The API'),
    panel.timeseries(
      'Errors and rejected connections',
      'Error replies by code, and connections rejected because of maxclients, per second. OOM: full, and nothing may be evicted. NOAUTH, WRONGPASS, NOPERM: a client has wrong credentials or lacks permission. LOADING: it has just started.',
      'ops',
      [
        panel.query('sum by (err) (max by (instance, err) (sum by (job, instance, err) (rate(redis_errors_total{%s}[$__rate_interval]))))' % queries.server, '{{err}}'),
        panel.query('sum(max by (instance) (sum by (job, instance) (rate(redis_rejected_connections_total{%s}[$__rate_interval]))))' % queries.server, 'connections rejected'),
      ],
      queries.silent,
    ),
    panel.timeseries(
      'Slow commands',
      'New entries in the slow log per hour (commands slower than slowlog-log-slower-than, 10 ms by default). Each blocks all others. SLOWLOG GET lists them: KEYS, a large range, a script.',
      'short',
      [panel.query('3600 * max by (instance) (clamp_min(deriv(redis_slowlog_last_id{%s}[$__rate_interval]), 0))' % queries.server, '{{instance}}')],
      queries.silent + queries.blind,
    ) + panel.decimals(1),
    panel.timeseries(
      'Blocked clients',
      'Clients in a blocking command (BLPOP and the like). Normal for queues, otherwise 0.',
      'short',
      [panel.query(queries.newest('redis_blocked_clients'), '{{instance}}')],
      queries.silent,
    ) + panel.decimals(0),
    usual.panel(
      'Clients vs. usual',
      'Mean of the connected clients in the hour before each point. Above: a pool that leaks, or more users. Below: an application server is not connected.',
      'max by (instance) (avg_over_time(redis_connected_clients{%s}[1h]))' % queries.server,
      'signal="cache clients", ' + queries.server,
      queries.silent,
      by='instance',
    ),
  ]
