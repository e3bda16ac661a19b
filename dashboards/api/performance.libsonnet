// Which endpoint is slow, and where does the time go?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';

local by = 'http_request_method, http_route';

[
  panel.timeseries(
    'Response time (traffic)',
    'Percentiles over all chosen routes, in the application. ' + promise.words('api-latency') + ' Judge p95 against the line. p99 far above p95: a few requests wait, for a lock or a connection. Percentiles are interpolated between bucket edges.',
    's',
    [
      panel.query(queries.quantile('0.5'), 'p50'),
      panel.query(queries.quantile('0.95'), 'p95'),
      panel.query(queries.quantile('0.99'), 'p99'),
      promise.line('api-latency'),
    ],
    queries.silent,
  ) + panel.quantiles + panel.logarithmic + promise.latency('api-latency') + panel.limit_series('promised'),
  panel.heatmap(
    'Response time, spread (traffic)',
    'How many requests took how long. Good: one dark band far below %g s. Two bands: cached and not cached, or one slow route. A band that climbs: a queue.' % promise.of('api-latency').threshold,
    's',
    [panel.buckets(queries.buckets())],
    queries.silent,
    width=8,
  ),
  panel.timeseries(
    'Where the time goes',
    'Time that requests spend waiting for the database, for third parties, and in the application itself (its code, the cache, waiting for a connection). 100 % is one request at work all the time. All routes together: the application does not tell it by route.',
    'percentunit',
    [
      panel.query('sum(rate(db_client_operation_duration_seconds_sum{%s}[$__rate_interval]))' % queries.application, 'database'),
      panel.query('sum(rate(http_client_request_duration_seconds_sum{%s}[$__rate_interval]))' % queries.application, 'third parties'),
      panel.query(
        'clamp_min(sum(rate(http_server_request_duration_seconds_sum{%(application)s, http_route=~"%(critical)s"}[$__rate_interval])) - sum(rate(db_client_operation_duration_seconds_sum{%(application)s}[$__rate_interval])) - sum(rate(http_client_request_duration_seconds_sum{%(application)s}[$__rate_interval])), 0)'
        % { application: queries.application, critical: queries.critical },
        'application'
      ),
    ],
    'The application exports no histograms of its statements and calls.',
  ) + panel.stacked + panel.to_board('database', 'The database'),
  panel.table(
    'Routes, slowest first (traffic)',
    'Over the time shown: requests, percentiles, shares of late and failed answers, and the p95 of the same time a week before. ' + promise.words('api-latency') + ' Slower than last week with as many requests: a deployment, or data that grew.',
    's',
    [
      panel.rows(queries.count(by) + ' > 0'),
      panel.rows(queries.quantile('0.5', by, '$__range')),
      panel.rows(queries.quantile('0.95', by, '$__range')),
      panel.rows(queries.late(by, '$__range')),
      panel.rows(queries.errors(by, '$__range')),
      panel.rows(queries.quantile('0.95', by, '$__range', ' offset 1w')),
    ],
    queries.silent,
    [
      ['http_request_method', 'Method', { 'custom.width': 80 }],
      ['http_route', 'Route', { 'custom.minWidth': 230, links: [{ title: 'Only this route', url: '/d/crm-api?var-route=${__value.raw}&${datasource:queryparam}&${application:queryparam}&${__url_time_range}', targetBlank: false }] }],
      ['Value #A', 'Requests', { unit: 'none', decimals: 0 }],
      ['Value #B', 'p50', {}],
      ['Value #C', 'p95', status.judged(promise.latency('api-latency'))],
      ['Value #F', 'p95 a week before', {}],
      ['Value #D', 'Late', status.judged(promise.bad_share('api-latency'), { unit: 'percentunit' })],
      ['Value #E', 'Errors', status.judged(promise.bad_share('api-error-rate'), { unit: 'percentunit' })],
    ],
    'p95',
    width=24,
    height=9,
  ),
  panel.timeseries(
    'p95 by route (traffic)',
    'Which route, since when. ' + promise.words('api-latency') + ' A route with few requests jumps: look at how many there are, right.',
    's',
    [panel.query(queries.quantile('0.95', by), '{{http_request_method}} {{http_route}}')],
    queries.silent,
    width=12,
    height=9,
  ) + promise.latency('api-latency'),
  panel.timeseries(
    'Requests by route',
    'Requests a second by method and route. A step without a deployment: a new client, a loop in a client, or users who reload because it is slow.',
    'reqps',
    [panel.query(queries.rate(by), '{{http_request_method}} {{http_route}}')],
    queries.silent,
    width=12,
    height=9,
  ),
]
