// Is the application short of something?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local process = 'job="application", ' + queries.application;
local untold = 'The application does not export this, or does not answer Prometheus.';

[
  panel.timeseries(
    'In flight',
    'Requests being answered, by instance. Growing without more requests a second: something behind is slow, and this is its queue.',
    'short',
    [panel.query('sum by (instance) (http_server_active_requests{%s})' % queries.application, '{{instance}}')],
    untold,
  ) + panel.decimals(0),
  panel.timeseries(
    'Database connections of the pool',
    'Connections in use and idle. Good: some idle. None idle for long: requests queue for one – long or blocked transactions, or too small a pool.',
    'short',
    [
      panel.query('sum by (instance, db_client_connection_state) (db_client_connection_count{%s})' % queries.application, '{{instance}} {{db_client_connection_state}}'),
      panel.query('sum by (instance) (db_client_connection_max{%s})' % queries.application, '{{instance}} limit'),
    ],
    untold,
  ) + panel.decimals(0) + panel.limit_series('limit'),
  panel.timeseries(
    'Use of the promised throughput',
    'Requests a minute on the busiest server as a share of what one server is promised to hold. ' + promise.words('api-throughput') + ' Above 100 %: nobody promised that this works.',
    'percentunit',
    [panel.query('max(slo:capacity_use:ratio{target="api-throughput"})', 'busiest server')],
    queries.silent,
  ) + panel.between(0, null) + promise.capacity_use('api-throughput'),
  panel.timeseries(
    'CPU of the process',
    'Processor time each instance uses: 100 % is one core. A Node or Python process that does its work in one thread is full there.',
    'percentunit',
    [panel.query('sum by (instance) (rate(process_cpu_seconds_total{%s}[$__rate_interval]))' % process, '{{instance}}')],
    untold,
  ),
  panel.timeseries(
    'Memory of the process',
    'Resident memory of each instance. Good: level. A slope over days: a leak; a cliff: it was restarted or killed.',
    'bytes',
    [panel.query('sum by (instance) (process_resident_memory_bytes{%s})' % process, '{{instance}}')],
    untold,
  ) + panel.decimals(1),
  panel.timeseries(
    'Open files of the process',
    'Open file descriptors as a share of the most allowed. Near 100 %: new connections fail; a slope: something is not closed.',
    'percentunit',
    [panel.query('max by (instance) (process_open_fds{%s}) / on (instance) (max by (instance) (process_max_fds{%s}) > 0)' % [process, process], '{{instance}}')],
    untold,
  ) + panel.ratio + panel.limits([[null, colours.kept], [0.8, colours.broken]]) + panel.lines,
  panel.timeseries(
    'Cached answers, as the application sees it',
    'Look-ups of cached answers a second: hit, miss, or off (the cache was not asked because it is away).',
    'ops',
    [panel.query('sum by (result) (rate(crm_app_cache_requests_total{%s}[$__rate_interval]))' % queries.application, '{{result}}')],
    untold,
  ) + panel.stacked + panel.colour('hit', 'green') + panel.colour('miss', 'orange') + panel.colour('off', 'red') + panel.to_board('cache', 'The cache'),
  panel.timeseries(
    'Restarts',
    'How long each instance has been running. A fall to 0 that is no deployment: it crashed or was killed.',
    's',
    [panel.query('time() - max by (instance) (process_start_time_seconds{%s})' % process, '{{instance}}')],
    untold,
  ) + panel.decimals(1),
]
