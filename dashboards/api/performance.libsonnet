// Which endpoint is slow, and where does the time go?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);

  local by = 'http_request_method, http_route';

  [
    panel.timeseries(
      'Response time (traffic)',
      'Percentiles over all chosen routes, measured inside the application. ' + slo_targets.words('api-latency') + ' Compare p95 with the line. p99 far above p95: a few requests wait, for a lock or a connection. Percentiles are interpolated between bucket edges.',
      's',
      [
        panel.query(queries.quantile('0.5'), 'p50'),
        panel.query(queries.quantile('0.95'), 'p95'),
        panel.query(queries.quantile('0.99'), 'p99'),
        slo_targets.line('api-latency'),
      ],
      queries.silent,
    ) + panel.quantiles + panel.logarithmic + slo_targets.latency('api-latency') + panel.limit_series('target'),
    panel.heatmap(
      'Response time distribution (traffic)',
      'How many requests a minute took how long. Good: one dark band far below %g s. Two bands: cached and uncached, or one slow route. A rising band: a queue.' % slo_targets.of('api-latency').threshold,
      's',
      [panel.buckets(queries.buckets())],
      queries.silent,
      width=8,
    ),
    panel.timeseries(
      'Where the time goes',
      'Time that requests spend waiting for the database, for third parties, and in the application itself (its code, the cache, waiting for a connection). 100% is one request in progress all the time. For all routes together: the application does not export it by route.',
      'percentunit',
      [
        panel.query('sum(rate(db_client_operation_duration_seconds_sum{%s}[$__rate_interval]))' % queries.application, 'database'),
        panel.query('sum(rate(http_client_request_duration_seconds_sum{%s}[$__rate_interval]))' % queries.application, 'third parties'),
        panel.query(
          'clamp_min(sum(rate(http_server_request_duration_seconds_sum{%(application)s, %(api)s}[$__rate_interval])) - sum(rate(db_client_operation_duration_seconds_sum{%(application)s}[$__rate_interval])) - sum(rate(http_client_request_duration_seconds_sum{%(application)s}[$__rate_interval])), 0)'
          % { application: queries.application, api: queries.api },
          'application'
        ),
      ],
      'The application does not export latency histograms of its statements and calls.',
    ) + panel.stacked + panel.to_board('database', 'Database board'),
    panel.table(
      'Routes, slowest first (traffic)',
      'Over the time range shown: requests, percentiles, shares of late and failed responses, and p95 one week earlier. ' + slo_targets.words('api-latency') + ' Slower than last week with as many requests: a deployment, or data that grew.',
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
        ['http_route', 'Route', { 'custom.minWidth': 230, links: [{ title: 'Only this route', url: '/d/crm-api?var-route=${__value.raw:percentencode}&${datasource:queryparam}&${application:queryparam}&${__url_time_range}', targetBlank: false }] }],
        ['Value #A', 'Requests', { unit: 'none', decimals: 0 }],
        ['Value #B', 'p50', {}],
        ['Value #C', 'p95', status.judged(slo_targets.latency('api-latency'))],
        ['Value #F', 'p95 a week ago', {}],
        ['Value #D', 'Late', status.judged(slo_targets.bad_share('api-latency'), { unit: 'percentunit' })],
        ['Value #E', 'Errors', status.judged(slo_targets.bad_share('api-error-rate'), { unit: 'percentunit' })],
      ],
      'p95',
      width=24,
      height=9,
    ),
    panel.timeseries(
      'p95 by route (traffic)',
      'Which route, and since when. ' + slo_targets.words('api-latency') + ' A route with few requests jumps: check its traffic in the panel on the right.',
      's',
      [panel.query(queries.quantile('0.95', by), '{{http_request_method}} {{http_route}}')],
      queries.silent,
      width=12,
      height=9,
    ) + slo_targets.latency('api-latency'),
    panel.timeseries(
      'Requests by route',
      'Requests per second by method and route. A sudden change without a deployment: a new client, a loop in a client, or users reloading because it is slow.',
      'reqps',
      [panel.query(queries.rate(by), '{{http_request_method}} {{http_route}}')],
      queries.silent,
      width=12,
      height=9,
    ),
  ]
