// What fails, and for whom?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Answers by class of status',
    'Requests a second by outcome: 2xx done, 3xx elsewhere, 4xx refused (the client asked wrongly, or must log in), 5xx failed. Good: green alone. Orange growing: a client of yesterday, or an attack. Red: us.',
    'reqps',
    [
      panel.query(queries.rate('', ', http_response_status_code=~"%d.."' % class), '%dxx' % class)
      for class in [2, 3, 4, 5]
    ],
    queries.silent,
  ) + panel.stacked + panel.colour('2xx', 'green') + panel.colour('3xx', 'blue') + panel.colour('4xx', 'orange') + panel.colour('5xx', 'red'),
  panel.timeseries(
    'Errors (traffic)',
    'Share of requests that ended with 5xx. ' + promise.words('api-error-rate') + " Above the second line: broken; above the last: the month's allowance is gone in two days.",
    'percentunit',
    [panel.query(queries.errors(), 'errors')],
    queries.silent,
  ) + panel.between(0, null) + promise.bad_share('api-error-rate'),
  panel.timeseries(
    'Late answers (traffic)',
    'Share of requests that took longer than promised: exact, where p95 is interpolated. ' + promise.words('api-latency') + ' At most %g %% may be late.' % (100 * promise.allowed('api-latency')),
    'percentunit',
    [panel.query(queries.late(), 'late')],
    queries.silent,
  ) + panel.between(0, null) + promise.bad_share('api-latency'),
  panel.timeseries(
    'Errors by route',
    'Answers with 5xx a second, by method and route. Good: all at 0. One route alone: what was deployed there; all at once: database, cache or the process itself.',
    'reqps',
    [panel.query(queries.rate('http_request_method, http_route', ', http_response_status_code=~"5.."'), '{{http_request_method}} {{http_route}}')],
    'No route has ever answered with 5xx.',
    width=12,
  ),
  panel.timeseries(
    'Log-ins that did not work',
    'Log-ins that were refused (401, 403, 429) and that failed (5xx), in the hour before each moment. Refused above the line: somebody tries passwords, or the auth service is away.',
    'short',
    [
      panel.query(queries.logins('401|403|429', '1h'), 'refused'),
      panel.query(queries.logins('5..', '1h'), 'failed'),
    ],
    'The application has no route that looks like a log-in.',
    width=6,
    // As CrmApiFailedLogins.
  ) + panel.decimals(0) + panel.limits([[null, colours.kept], [50, colours.broken]]) + panel.lines + panel.colour('refused', 'orange') + panel.colour('failed', 'red'),
  panel.timeseries(
    'Log-ins that worked',
    'In the hour before each moment. Falling with as many users as ever: nobody can get in – or sessions last longer.',
    'short',
    [panel.query(queries.logins('2..', '1h'), 'worked')],
    'The application has no route that looks like a log-in.',
    width=6,
  ) + panel.decimals(0) + panel.colour('worked', 'green'),
]
