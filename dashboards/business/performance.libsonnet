// Does slow mean less used?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  [
    panel.timeseries(
      'Usage by activity (traffic)',
      'Completed (2xx) per minute. Choose one activity at the top and compare with its p95: slow and then fewer, at an hour when there should be more, means that people give up. Quiet nights are fast and prove nothing.',
      'short',
      [panel.query('60 * ' + queries.count(queries.done, 'rate', '$__rate_interval'), '{{action}}')],
      queries.silent,
      height=9,
    ) + panel.decimals(1),
    panel.timeseries(
      'p95 by activity (traffic)',
      'Which activity waits for the API. Making the slowest one faster helps most people if it is also frequent.',
      's',
      [panel.query(queries.quantile('0.95', '$__rate_interval'), '{{action}}')],
      queries.silent,
      height=9,
    ) + panel.to_board('api', 'The API'),
    panel.timeseries(
      'Time spent waiting',
      'Seconds per minute that everyone together waited for the API, by activity: frequency times duration. The largest pays most to optimize.',
      's',
      [panel.query('60 * sum by (action) (rate(http_server_request_duration_seconds_sum{%s}[$__rate_interval]))' % queries.chosen, '{{action}}')],
      queries.silent,
      height=9,
    ) + panel.stacked,
  ]
