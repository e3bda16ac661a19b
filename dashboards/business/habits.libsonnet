// How do they work?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  local hourly(action, before='') = '3600 * ' + queries.count(action, queries.done, 'rate', '$__rate_interval', before);
  local all = { method: 'GET|POST|PUT|PATCH|DELETE', route: '/api/.+' };
  local ratio(part, whole) =
    '%s / (%s > 0)' % [queries.count(queries.action(part), range='1h'), queries.count(queries.action(whole), range='1h')];

  [
    panel.timeseries(
      'Activity by type',
      'Completed actions (2xx) per hour. The shape of the day is the same every week: look for what differs.',
      'short',
      [panel.query(hourly(action), action.name) for action in queries.actions],
      queries.silent,
      width=12,
      height=9,
    ) + panel.decimals(0) + panel.stacked,
    panel.timeseries(
      'All activity vs. last week',
      'Successful API requests per hour, and at the same time a week ago. Below it without a holiday: people cannot work, or choose not to. No second line: there is no data that old.',
      'short',
      [
        panel.query(hourly(all), 'now'),
        panel.query(hourly(all, ' offset 1w'), 'a week ago'),
      ],
      queries.silent,
      width=12,
      height=9,
    ) + panel.decimals(0) + panel.color('now', 'blue') + panel.one('a week ago', { 'custom.lineStyle': { fill: 'dash', dash: [8, 8] }, 'custom.fillOpacity': 0, color: { mode: 'fixed', fixedColor: 'light-blue' } }),
    panel.timeseries(
      'Activity per login',
      'Over the hour before each point: interactions and moved opportunities per login. A rough indicator of how much gets done by everyone together; a session that lasts all day counts as one login.',
      'none',
      [
        panel.query(ratio('Interactions logged', 'Logins'), 'interactions'),
        panel.query(ratio('Opportunities moved', 'Logins'), 'opportunities moved'),
      ],
      queries.silent,
      width=12,
    ),
    panel.timeseries(
      'Search follow-through',
      'Over the hour before each point: accounts opened per search, and interactions per account opened. Falling: searches do not find what people look for, or they look things up without recording anything.',
      'none',
      [
        panel.query(ratio('Accounts opened', 'Searches'), 'accounts per search'),
        panel.query(ratio('Interactions logged', 'Accounts opened'), 'interactions per account'),
      ],
      queries.silent,
      width=12,
    ) + panel.one('interactions per account', { unit: 'percentunit', min: 0, 'custom.axisPlacement': 'right' }),
  ]
