// What could they not do?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local queries = import 'queries.libsonnet';

local logins = queries.action('Log-ins');

[
  panel.timeseries(
    'Work that failed (traffic)',
    'Share of attempts of each kind that ended with 5xx. ' + promise.words('api-error-rate') + ' What somebody entered may be lost: tell those who log interactions and move opportunities.',
    'percentunit',
    [panel.query(queries.share(queries.broken, action, 'rate', '$__rate_interval'), action.name) for action in queries.actions],
    queries.silent,
    width=12,
    height=9,
  ) + panel.between(0, null) + promise.bad_share('api-error-rate'),
  panel.timeseries(
    'Attempts that failed',
    'How many attempts ended with 5xx, an hour. Of a rare kind of work a single one is a large share: look here how many people it hit.',
    'short',
    [panel.query('3600 * ' + queries.count(action, queries.broken, 'rate', '$__rate_interval'), action.name) for action in queries.actions],
    queries.silent,
    width=6,
    height=9,
  ) + panel.decimals(0),
  panel.timeseries(
    'Log-ins refused',
    'Log-ins that were refused (401, 403, 429), an hour. A few are forgotten passwords; many are an attack, or an account system that is away.',
    'short',
    [panel.query('3600 * ' + queries.count(logins, ', http_response_status_code=~"401|403|429"', 'rate', '$__rate_interval'), 'refused')],
    queries.silent,
    width=6,
    height=9,
  ) + panel.decimals(0) + panel.to_board('api', 'The API'),
]
