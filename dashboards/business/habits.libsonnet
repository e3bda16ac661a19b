// How do they work?
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';

local hourly(action, before='') = '3600 * ' + queries.count(action, queries.done, 'rate', '$__rate_interval', before);
local all = { method: 'GET|POST|PUT|PATCH|DELETE', route: '/api/.+' };
local ratio(part, whole) =
  '%s / (%s > 0)' % [queries.count(queries.action(part), range='1h'), queries.count(queries.action(whole), range='1h')];

[
  panel.timeseries(
    'Work by kind',
    'What was done (2xx), an hour at the pace of each moment. The shape of the day is the same each week: what differs is news.',
    'short',
    [panel.query(hourly(action), action.name) for action in queries.actions],
    queries.silent,
    width=12,
    height=9,
  ) + panel.decimals(0) + panel.stacked,
  panel.timeseries(
    'All work against a week ago',
    'All requests to the API that succeeded, an hour, and those of the same time a week ago. Below it without a holiday: people cannot work, or do not want to. No second line: there is no data that old.',
    'short',
    [
      panel.query(hourly(all), 'now'),
      panel.query(hourly(all, ' offset 1w'), 'a week ago'),
    ],
    queries.silent,
    width=12,
    height=9,
  ) + panel.decimals(0) + panel.colour('now', 'blue') + panel.one('a week ago', { 'custom.lineStyle': { fill: 'dash', dash: [8, 8] }, 'custom.fillOpacity': 0, color: { mode: 'fixed', fixedColor: 'light-blue' } }),
  panel.timeseries(
    'Work for each log-in',
    'Over the hour before each moment: interactions and moved opportunities for each log-in. A rough sign of how much gets done, of all people together; a session that lasts all day counts one log-in.',
    'none',
    [
      panel.query(ratio('Interactions logged', 'Log-ins'), 'interactions'),
      panel.query(ratio('Opportunities moved', 'Log-ins'), 'opportunities moved'),
    ],
    queries.silent,
    width=12,
  ),
  panel.timeseries(
    'What a search leads to',
    'Over the hour before each moment: accounts opened for each search, and interactions for each account opened. Falling: searches do not find what people look for, or they look things up without writing anything down.',
    'none',
    [
      panel.query(ratio('Accounts opened', 'Searches'), 'accounts a search'),
      panel.query(ratio('Interactions logged', 'Accounts opened'), 'interactions an account'),
    ],
    queries.silent,
    width=12,
  ) + panel.one('interactions an account', { unit: 'percentunit', min: 0, 'custom.axisPlacement': 'right' }),
]
