// Does slow mean less used?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);

  // Hours of the last four weeks, of which the same hour a week before had enough to compare with and was not slow itself.
  local now = 'action:requests_completed:increase1h{action=~"$action"}';
  local late = 'action:requests_late:ratio_rate1h{action=~"$action"}';
  local allowed = slo_targets.allowed('api-latency');
  local before = '(%s offset 1w >= 10 and on (action) %s offset 1w <= %g)' % [now, late, allowed];
  local of_hours(over, what, comparison) =
    '%s((%s and on (action) %s %s %g)[4w:1h])' % [over, what, late, comparison, allowed];
  local hours(comparison) = of_hours('count_over_time', before, comparison);
  local usage(comparison) =
    '%s / (%s > 0) and on (action) %s >= 5' % [
      of_hours('sum_over_time', '(%s and on (action) %s)' % [now, before], comparison),
      of_hours('sum_over_time', '(%s and on (action) %s)' % [before, now], comparison),
      hours(comparison),
    ];

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
    panel.table(
      'Usage in slow hours',
      'Hours of the last four weeks, each compared with the same hour a week before that was not slow: how much of that was completed (2xx) in slow hours, and in the others. Slow: more requests late than ' + slo_targets.said('api-latency') + ' allows. Much less in slow hours than in the others: worth asking people. It does not say why: an outage makes hours slow and empty at once. With fewer than 5 hours no share is shown.',
      'percentunit',
      [panel.rows(hours('>')), panel.rows(usage('>')), panel.rows(hours('<=')), panel.rows(usage('<='))],
      'No hour can be compared with the one a week before: there is less than a week of history, or too little activity.',
      [
        ['action', 'Activity', { 'custom.minWidth': 150 }],
        ['Value #A', 'Slow hours', { unit: 'none', decimals: 0 }],
        ['Value #B', 'Completed in slow hours', { decimals: 0 }],
        ['Value #C', 'Other hours', { unit: 'none', decimals: 0 }],
        ['Value #D', 'Completed in others', { decimals: 0 }],
      ],
      'Slow hours',
      width=24,
      height=7,
    ),
  ]
