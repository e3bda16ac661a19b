// The server's part of what users wait for.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);

  local percentiles(selector) = [
    panel.query(queries.quantile('0.5', selector), 'p50'),
    panel.query(queries.quantile('0.95', selector), 'p95'),
    panel.query(queries.quantile('0.99', selector), 'p99'),
  ];
  local not_it(id) = ' Not the target itself, which is measured in the browsers of users: "%s"; this part alone can miss it, but not meet it.' % slo_targets.of(id).statement;

  [
    panel.timeseries(
      'Pages, scripts, styles (traffic)',
      'Time the application took to serve them, without the network.' + not_it('ttfb'),
      's',
      percentiles(queries.pages),
      queries.silent,
    ) + panel.quantiles,
    panel.timeseries(
      'Searches (traffic)',
      'Time the API took to respond to searches.' + not_it('search-response'),
      's',
      percentiles(queries.searches),
      'No searches, or no route is one of `search` in settings.yaml.',
    ) + panel.quantiles + panel.to_board('api', 'The API'),
    panel.timeseries(
      'Forms (traffic)',
      'Time the API took to save what users entered (POST, PUT, PATCH; without logins).' + not_it('form-submission'),
      's',
      percentiles(queries.forms),
      'Nothing was saved.',
    ) + panel.quantiles + panel.to_board('api', 'The API'),
    panel.timeseries(
      'Page requests by route',
      'Requests per second for each page, script and style. Scripts requested with every page: browsers do not cache them.',
      'reqps',
      [panel.query(queries.count(queries.pages, 'http_route'), '{{http_route}}')],
      queries.silent,
      width=12,
    ),
    panel.timeseries(
      'p95 by route (traffic)',
      'Which page, script or style takes the application long. Static files should take a few milliseconds at most: otherwise they are not served from memory.',
      's',
      [panel.query(queries.quantile('0.95', queries.pages, 'http_route'), '{{http_route}}')],
      queries.silent,
      width=12,
    ),
  ]
