// What fails on the way to a page?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  [
    panel.timeseries(
      'Failures by class',
      'Failed runs of the check. refused: nobody listens. timeout: no response in time. protocol: an unexpected status or text, such as that of a proxy or an error page. tls, dns: as they say.',
      'short',
      [panel.query('sum by (class) (increase(pantrywatch_check_failures_total{%s}[$__rate_interval])) > 0' % queries.check, '{{class}}')],
      'The check did not fail in the time range shown.',
    ) + panel.decimals(0) + panel.columns,
    panel.timeseries(
      'Pages by status',
      'Responses for pages, scripts and styles per second. 2xx and 304 are good. 404: an old script is requested; users must reload after a deployment. 5xx: the application.',
      'reqps',
      [panel.query(queries.count(queries.pages, 'http_response_status_code'), '{{http_response_status_code}}')],
      queries.silent,
    ) + panel.stacked,
    panel.timeseries(
      'Failed page requests (traffic)',
      'Share of requests for pages, scripts and styles that ended with 4xx or 5xx. Good: 0. For a user it is a page that stays blank.',
      'percentunit',
      [panel.query(queries.errors(queries.pages), 'failed')],
      queries.silent,
    ) + panel.between(0, null) + panel.soft_to(0.01),
  ]
