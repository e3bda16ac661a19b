// Golden signals, each with its promise drawn in.
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';

local requests = 'http_server_request_duration_seconds_count{http_route=~"/api/v1/.+"%s}';

[
  panel.timeseries(
    'Requests (traffic)',
    'Requests to the API, all servers together. Good: the usual curve of the day. A sudden drop while the checks pass: users are cut off before the application.',
    'reqps',
    [panel.query('sum(rate(%s[$__rate_interval]))' % (requests % ''), 'requests')],
    'The application is not scraped, or serves no metrics of its own.',
  ) + panel.to_board('api', 'Which endpoint, since when, whose fault?'),

  panel.timeseries(
    'Failed requests (traffic)',
    'Share of API requests answered with a 5xx. ' + promise.words('api-error-rate') + ' Good: below the line. Else: which route, on the board of the API.',
    'percentunit',
    [panel.query(
      '(sum(rate(%s[$__rate_interval])) or 0 * sum(rate(%s[$__rate_interval]))) / (sum(rate(%s[$__rate_interval])) > 0)'
      % [requests % ', http_response_status_code=~"5.."', requests % '', requests % ''],
      'failed'
    )],
    'No request in the time shown: nothing failed, and nothing is proven.',
  ) + promise.bad_share('api-error-rate'),

  panel.timeseries(
    'API response time (traffic)',
    'The time within which 95 of 100 API requests are answered. ' + promise.words('api-latency') + ' Good: below the line. Else: which route, and whether database, cache or third party.',
    's',
    [panel.query('histogram_quantile(0.95, sum by (le) (rate(http_server_request_duration_seconds_bucket{http_route=~"/api/v1/.+"}[$__rate_interval])))', 'p95')],
    'No request in the time shown, or the application is not scraped.',
  ) + promise.latency('api-latency'),

  panel.timeseries(
    'Database query time (traffic)',
    'The time within which 95 of 100 statements of the CRM are answered, as the application sees it. ' + promise.words('db-query-latency') + ' Good: below the line. Else: locks and top statements on the board of the database.',
    's',
    [panel.query('histogram_quantile(0.95, sum by (le) (rate(db_client_operation_duration_seconds_bucket{db_system_name="postgresql"}[$__rate_interval])))', 'p95')],
    'The application exports no histogram of its statements, or ran none in the time shown.',
  ) + promise.latency('db-query-latency'),

  panel.timeseries(
    'Cache hit ratio (traffic)',
    'Share of look-ups that the cache answers. ' + promise.words('cache-hit-ratio') + ' Good: above the line. Else: cold after a restart, evictions, or keys that expire too soon.',
    'percentunit',
    [panel.query(
      'sum(rate(redis_keyspace_hits_total[$__rate_interval])) / (sum(rate(redis_keyspace_hits_total[$__rate_interval])) + sum(rate(redis_keyspace_misses_total[$__rate_interval])) > 0)',
      'found'
    )],
    'No look-up in the time shown, or the cache is not watched.',
  ) + panel.ratio + promise.good_share('cache-hit-ratio'),

  panel.timeseries(
    'Main content in time (field)',
    'Share of page views that showed their main content in time (LCP). ' + promise.words('lcp') + ' Good: above the line.',
    'percentunit',
    [panel.query('1 - max(slo:sli_error:ratio_rate1h{target="lcp"})', 'in time')],
    'Not measured here: the browsers of users report nothing (part `frontend` of settings.yaml).',
  ) + panel.ratio + promise.good_share('lcp'),

  panel.states(
    'Checks from outside (probe)',
    'Every check: passed or failed, since when. Good: passed all along. A gap: it did not run. Why one failed is on the board of the checks.',
    [panel.query('min by (check) (probe_success)', '{{check}}')],
    'No check runs here (part `synthetic` of settings.yaml).',
  ) + panel.size(24, 7)
  + panel.texts({ '0': ['failed', panel.colours.hurt], '1': ['passed', panel.colours.kept] })
  + panel.to_board('synthetic', 'Why a check fails'),
]
