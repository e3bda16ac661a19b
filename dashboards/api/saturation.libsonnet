// Is the application short of something?
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local process = config.selectors.application + ', ' + queries.application;
  local untold = 'The application does not export this, or is not responding to Prometheus.';

  [
    panel.timeseries(
      'In flight',
      'Requests in progress, by instance. Growing without more requests per second: something behind is slow, and this is its queue.',
      'short',
      [panel.query('sum by (instance) (http_server_active_requests{%s})' % queries.application, '{{instance}}')],
      untold,
    ) + panel.decimals(0),
    panel.timeseries(
      'Connection pool',
      'Connections in use and idle, and requests that wait for one. Good: some idle, none waiting. None idle for long: requests queue for one. Check for long or blocked transactions, or raise the pool size.',
      'short',
      [
        panel.query('sum by (instance, db_client_connection_state) (db_client_connection_count{%s})' % queries.application, '{{instance}} {{db_client_connection_state}}'),
        // 0: a pool without a limit.
        panel.query('sum by (instance) (db_client_connection_max{%s} > 0)' % queries.application, '{{instance}} limit'),
        panel.query('sum by (instance) (db_client_connection_pending_requests{%s})' % queries.application, '{{instance}} waiting'),
      ],
      untold,
    ) + panel.decimals(0) + panel.limit_series('limit'),
    panel.timeseries(
      'Target throughput in use',
      'Requests per minute on the busiest server as a share of the target for one server. ' + slo_targets.words('api-throughput') + ' Above 100%: more than the target covers.',
      'percentunit',
      [panel.query('max(' + series.capacity_use + '{target="api-throughput"})', 'busiest server')],
      queries.silent,
    ) + panel.between(0, null) + slo_targets.capacity_use('api-throughput'),
    panel.timeseries(
      'Process CPU',
      'CPU time each instance uses; 100% is one core. A Node or Python process that works in one thread is saturated there.',
      'percentunit',
      [panel.query('sum by (instance) (rate(process_cpu_seconds_total{%s}[$__rate_interval]))' % process, '{{instance}}')],
      untold,
    ),
    panel.timeseries(
      'Process memory',
      'Resident memory of each instance. Good: level. A slope over days: a leak; a sudden drop: it was restarted or killed.',
      'bytes',
      [panel.query('sum by (instance) (process_resident_memory_bytes{%s})' % process, '{{instance}}')],
      untold,
    ) + panel.decimals(1),
    panel.timeseries(
      'Process open files',
      'Open file descriptors as a share of the limit. Near 100%: new connections fail; a slope: something is not closed.',
      'percentunit',
      [panel.query('max by (instance) (process_open_fds{%s}) / on (instance) (max by (instance) (process_max_fds{%s}) > 0)' % [process, process], '{{instance}}')],
      untold,
    ) + panel.ratio + panel.limits([[null, colors.kept], [0.8, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Cache lookups by the application',
      'Keys that the application looks up in the cache per second: hit, miss, or off (the cache was not asked because it is down).',
      'ops',
      [panel.query('sum by (result) (rate(crm_app_cache_requests_total{%s}[$__rate_interval]))' % queries.application, '{{result}}')],
      untold,
    ) + panel.stacked + panel.color('hit', 'green') + panel.color('miss', 'orange') + panel.color('off', 'red') + panel.to_board('cache', 'Cache board'),
    panel.timeseries(
      'Process uptime',
      'How long each instance has been running. A drop to 0 without a deployment: it crashed or was killed.',
      's',
      [panel.query('time() - max by (instance) (process_start_time_seconds{%s})' % process, '{{instance}}')],
      untold,
    ) + panel.decimals(1),
  ]
