// Does slow mean less used?
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';

// Use on the left, time on the right. That one falls when the other rises is a hint, no proof: nights are quiet and fast.
local beside(name, what) =
  local action = queries.action(name);
  panel.timeseries(
    name + ' and their time (traffic)',
    what + ' On the left how many a minute, on the right how long the API took (p95). Slow and then fewer, at an hour when there should be more: people give up. Quiet nights are fast and prove nothing.',
    'short',
    [
      panel.query('60 * ' + queries.count(action, queries.done, 'rate', '$__rate_interval'), 'a minute'),
      panel.query(queries.quantile(action, '0.95', '$__rate_interval'), 'p95'),
    ],
    queries.silent,
  ) + panel.decimals(1) + panel.colour('a minute', 'blue')
  + panel.one('p95', { unit: 's', 'custom.axisPlacement': 'right', 'custom.fillOpacity': 0, color: { mode: 'fixed', fixedColor: 'purple' }, min: 0 });

[
  beside('Searches', 'Finding a customer.'),
  beside('Accounts opened', 'Reading about a customer before a call.'),
  beside('Interactions logged', 'Writing down what was said; what is not written down is lost.'),
  panel.timeseries(
    'Time by work, p95 (traffic)',
    'Which work has to wait for the API. The one above the others is where making it faster is felt by the most people if it is also done often.',
    's',
    [panel.query(queries.quantile(action, '0.95', '$__rate_interval'), action.name) for action in queries.actions],
    queries.silent,
    width=12,
    height=9,
  ) + panel.to_board('api', 'The API'),
  panel.timeseries(
    'Time people spent waiting',
    'Seconds a minute that people together waited for the API, by kind of work: how often times how long. The largest is worth the most to make faster.',
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
