// Does slow mean less used?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  // Use on the left, time on the right. That one falls when the other rises is a hint, no proof: nights are quiet and fast.
  local beside(name, what) =
    local action = queries.action(name);
    panel.timeseries(
      name + ': usage and latency (traffic)',
      what + ' Left axis: how many per minute; right axis: API latency (p95). Slow and then fewer, at an hour when there should be more: people give up. Quiet nights are fast and prove nothing.',
      'short',
      [
        panel.query('60 * ' + queries.count(action, queries.done, 'rate', '$__rate_interval'), 'per minute'),
        panel.query(queries.quantile(action, '0.95', '$__rate_interval'), 'p95'),
      ],
      queries.silent,
    ) + panel.decimals(1) + panel.color('per minute', 'blue')
    + panel.one('p95', { unit: 's', 'custom.axisPlacement': 'right', 'custom.fillOpacity': 0, color: { mode: 'fixed', fixedColor: 'purple' }, min: 0 });

  [
    beside('Searches', 'Finding a customer.'),
    beside('Accounts opened', 'Reading up on a customer before a call.'),
    beside('Interactions logged', 'Recording what was said; what is not recorded is lost.'),
    panel.timeseries(
      'p95 by activity (traffic)',
      'Which activity waits for the API. Making the slowest one faster helps most people if it is also frequent.',
      's',
      [panel.query(queries.quantile(action, '0.95', '$__rate_interval'), action.name) for action in queries.actions],
      queries.silent,
      width=12,
      height=9,
    ) + panel.to_board('api', 'The API'),
    panel.timeseries(
      'Time spent waiting',
      'Seconds per minute that everyone together waited for the API, by activity: frequency times duration. The largest pays most to optimize.',
      's',
      [
        panel.query('60 * sum(rate(http_server_request_duration_seconds_sum{%s}[$__rate_interval]))' % queries.selector(action), action.name)
        for action in queries.actions
      ],
      queries.silent,
      width=12,
      height=9,
    ) + panel.stacked,
  ]
