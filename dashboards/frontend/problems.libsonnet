// What fails on the way to a page?
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';

[
  panel.timeseries(
    'Failures of the check, by class',
    'Runs that failed in each interval. refused: nobody listens. timeout: no answer in time. protocol: another status or text than expected – a proxy, or an error page. tls, dns: as they say.',
    'short',
    [panel.query('sum by (class) (increase(pantrywatch_check_failures_total{%s}[$__rate_interval])) > 0' % queries.check, '{{class}}')],
    'The check did not fail in the time shown.',
  ) + panel.decimals(0) + panel.columns,
  panel.timeseries(
    'Pages by status',
    'Answers for pages, scripts and styles a second. 2xx and 304 are good. 404: a script of yesterday is asked for – users must reload after a deployment. 5xx: the application.',
    'reqps',
    [panel.query(queries.count(queries.pages, 'http_response_status_code'), '{{http_response_status_code}}')],
    queries.silent,
  ) + panel.stacked,
  panel.timeseries(
    'Pages not handed out (traffic)',
    'Share of requests for pages, scripts and styles that ended with 4xx or 5xx. Good: 0. For a user it is a page that stays empty.',
    'percentunit',
    [panel.query(queries.errors(queries.pages), 'not handed out')],
    queries.silent,
  ) + panel.between(0, null) + panel.soft_to(0.01),
]
