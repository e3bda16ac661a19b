// Third parties: whose fault?
function(config)
  local checks = import '../lib/checks.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);

  local calls(more, labels='service_peer_name') =
    'sum by (%s) (rate(http_client_request_duration_seconds_count{%s%s}[$__rate_interval]))' % [labels, queries.application, more];
  // Where neither label exists nobody can tell a good call from a bad one.
  local known = 'sum by (service_peer_name) (rate(http_client_request_duration_seconds_count{%(s)s}[$__rate_interval]) and on (job, instance) (http_client_request_duration_seconds_count{%(s)s, error_type!=""} or http_client_request_duration_seconds_count{%(s)s, http_response_status_code!=""}))' % { s: queries.application };
  local failed(labels) = 'sum by (%(labels)s) (rate(http_client_request_duration_seconds_count{%(s)s, error_type!=""}[$__rate_interval]) or rate(http_client_request_duration_seconds_count{%(s)s, error_type="", http_response_status_code=~"[45].."}[$__rate_interval]))' % { labels: labels, s: queries.application };
  local none = 'The application does not export its calls to third parties, or made none.';

  [
    panel.timeseries(
      'Failed calls (traffic)',
      'Share of failed calls to each third party (error_type is not empty, or without it a 4xx or 5xx). ' + slo_targets.words('integration-error-rate') + ' Above: check its status page first, then our credentials and quota.',
      'percentunit',
      [panel.query('(%s or 0 * %s) / (%s > 0)' % [failed('service_peer_name'), known, known], '{{service_peer_name}}')],
      none + ' Or its calls have neither a status nor an error_type.',
    ) + panel.between(0, null) + slo_targets.bad_share('integration-error-rate'),
    panel.timeseries(
      'Calls',
      'Calls per second to each third party. A drop to 0 with users at work: the application gave up calling, or cannot.',
      'reqps',
      [panel.query(calls(''), '{{service_peer_name}}')],
      none,
    ),
    panel.timeseries(
      'Call latency, p95',
      '95% of calls to each third party were faster. A slow one keeps our own requests open: compare with Where the time goes.',
      's',
      [panel.query('histogram_quantile(0.95, sum by (le, service_peer_name) (rate(http_client_request_duration_seconds_bucket{%s}[$__rate_interval]))) >= 0' % queries.application, '{{service_peer_name}}')],
      none,
    ),
    panel.timeseries(
      'Failed calls by reason',
      'Failed calls per second, by third party, error type and status.',
      'reqps',
      [panel.query(failed('service_peer_name, error_type, http_response_status_code'), '{{service_peer_name}} {{error_type}} {{http_response_status_code}}')],
      'No call has failed, or calls have neither a status nor an error_type.',
      width=12,
    ),
    panel.timeseries(
      'Checks of third parties (probe)',
      'Whether our own checks reach them: 1 passes, 0 fails. Passing while calls fail: our credentials, our quota, or their application rather than the network to it.',
      'short',
      [panel.query(checks.pass('target="integration-error-rate"'), '{{check}}')],
      'No check is configured for this target.',
      width=12,
    ) + panel.decimals(0) + panel.between(0, 1) + panel.to_board('synthetic', 'All checks'),
  ]
