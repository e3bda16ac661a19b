// The server's part of what users wait for.
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local queries = import 'queries.libsonnet';

local percentiles(selector) = [
  panel.query(queries.quantile('0.5', selector), 'p50'),
  panel.query(queries.quantile('0.95', selector), 'p95'),
  panel.query(queries.quantile('0.99', selector), 'p99'),
];
local not_it(id) = ' Not the promise itself, which is judged in the browser of users: "%s"; this can break it alone, but not keep it.' % promise.of(id).statement;

[
  panel.timeseries(
    'Pages, scripts, styles (traffic)',
    'Time the application took to hand them out, without the network.' + not_it('ttfb'),
    's',
    percentiles(queries.pages),
    queries.silent,
  ) + panel.quantiles,
  panel.timeseries(
    'Searches (traffic)',
    'Time the API took to answer searches.' + not_it('search-response'),
    's',
    percentiles(queries.searches),
    'Nobody searched, or no route ends in /search.',
  ) + panel.quantiles + panel.to_board('api', 'The API'),
  panel.timeseries(
    'Forms (traffic)',
    'Time the API took to save what users entered (POST, PUT, PATCH; log-ins left out).' + not_it('form-submission'),
    's',
    percentiles(queries.forms),
    'Nobody saved anything.',
  ) + panel.quantiles + panel.to_board('api', 'The API'),
  panel.timeseries(
    'Page requests by route',
    'Requests a second for each page, script and style. Scripts asked for with every page: they are not cached by browsers.',
    'reqps',
    [panel.query(queries.count(queries.pages, 'http_route'), '{{http_route}}')],
    queries.silent,
    width=12,
  ),
  panel.timeseries(
    'Time by route, p95 (traffic)',
    'Which page, script or style takes the application long. Static files should be below some milliseconds: else they are not served from memory.',
    's',
    [panel.query(queries.quantile('0.95', queries.pages, 'http_route'), '{{http_route}}')],
    queries.silent,
    width=12,
  ),
]
