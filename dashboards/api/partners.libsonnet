// Third parties: whose fault?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local queries = import 'queries.libsonnet';

local calls(more, labels='service_peer_name') =
  'sum by (%s) (rate(http_client_request_duration_seconds_count{%s%s}[$__rate_interval]))' % [labels, queries.application, more];
local none = 'The application exports no calls to third parties, or made none.';

[
  panel.timeseries(
    'Failed calls (traffic)',
    'Share of calls to each third party that failed (error_type is not empty). ' + promise.words('integration-error-rate') + ' Above: its status page first, then our credentials and quota.',
    'percentunit',
    [panel.query('(%s or 0 * %s) / (%s > 0)' % [calls(', error_type!=""'), calls(''), calls('')], '{{service_peer_name}}')],
    none,
  ) + panel.between(0, null) + promise.bad_share('integration-error-rate'),
  panel.timeseries(
    'Calls',
    'Calls to each third party a second. A fall to 0 with users at work: the application gave up calling, or cannot.',
    'reqps',
    [panel.query(calls(''), '{{service_peer_name}}')],
    none,
  ),
  panel.timeseries(
    'Time of a call, p95',
    '95 of 100 calls to each third party took less. A slow one holds requests of ours open: compare with Where the time goes.',
    's',
    [panel.query('histogram_quantile(0.95, sum by (le, service_peer_name) (rate(http_client_request_duration_seconds_bucket{%s}[$__rate_interval]))) >= 0' % queries.application, '{{service_peer_name}}')],
    none,
  ),
  panel.timeseries(
    'Failed calls by reason',
    'Failed calls a second, by third party and type of error.',
    'reqps',
    [panel.query(calls(', error_type!=""', 'service_peer_name, error_type'), '{{service_peer_name}} {{error_type}}')],
    'No call has failed.',
    width=12,
  ),
  panel.timeseries(
    'Checks of third parties (probe)',
    'Whether our own checks reach them: 1 passes, 0 fails. They pass while calls fail: our credentials, our quota, or their application rather than the way to it.',
    'short',
    [panel.query('min by (check) (probe_success{target="integration-error-rate"})', '{{check}}')],
    'No check feeds this target.',
    width=12,
  ) + panel.decimals(0) + panel.between(0, 1) + panel.to_board('synthetic', 'All checks'),
]
