// How do they work?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local usual = import '../lib/usual.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  local hourly(before='') =
    '3600 * sum(rate(http_server_request_duration_seconds_count{instance=~"$application", %s%s}[$__rate_interval]%s))'
    % [config.selectors.api, queries.done, before];
  // Of each other activity, for each of this one.
  local per(selector) =
    local all = 'instance=~"$application", ' + selector;
    '%s / on () group_left () (sum(increase(http_server_request_duration_seconds_count{%s%s}[1h])) > 0)'
    % [queries.count(selector='%s, %s' % [queries.chosen, std.strReplace(selector, '=', '!=')]), all, queries.done];

  [
    panel.timeseries(
      'Activity by type',
      'Completed actions (2xx) per hour. The shape of the day is the same every week: look for what differs.',
      'short',
      [panel.query('3600 * ' + queries.count(queries.done, 'rate', '$__rate_interval'), '{{action}}')],
      queries.silent,
      width=12,
      height=9,
    ) + panel.decimals(0) + panel.stacked,
    panel.timeseries(
      'All activity vs. last week',
      'Successful API requests per hour, and at the same time a week ago. Below it without a holiday: people cannot work, or choose not to. No second line: there is no data that old.',
      'short',
      [
        panel.query(hourly(), 'now'),
        panel.query(hourly(' offset 1w'), 'a week ago'),
      ],
      queries.silent,
      width=12,
      height=9,
    ) + panel.decimals(0) + panel.color('now', 'blue') + panel.one('a week ago', { 'custom.lineStyle': { fill: 'dash', dash: [8, 8] }, 'custom.fillOpacity': 0, color: { mode: 'fixed', fixedColor: 'light-blue' } }),
    panel.timeseries(
      'Activity per login',
      'Over the hour before each point: each other activity per login. A rough indicator of how much gets done by everyone together; a session that lasts all day counts as one login.',
      'none',
      [panel.query(per(config.selectors.logins), '{{action}}')],
      queries.silent,
      width=12,
    ),
    panel.timeseries(
      'Activity per search',
      'Over the hour before each point: each other activity per search. Falling: searches do not find what people look for, or they look things up without doing anything.',
      'none',
      [panel.query(per(config.selectors.searches), '{{action}}')],
      queries.silent,
      width=12,
    ),
    usual.panel(
      'Interactions vs. usual (field)',
      'Interactions of users with the pages, in the hour before each point. Below without a holiday: people cannot work, or choose not to.',
      'max(%s{target="frontend-error-rate"})' % series.sum_total('1h'),
      'signal="traffic", target="frontend-error-rate"',
      'No browser reports: frontend is not set up here, or nobody uses the CRM.',
    ),
  ]
