// What fails, and for whom?
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local usual = import '../lib/usual.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.timeseries(
      'Responses by status class',
      'Requests per second by outcome: 2xx success, 3xx redirect, 4xx refused (bad request, or not logged in), 5xx failed. Good: only green. Orange growing: an outdated client, or an attack. Red: our fault.',
      'reqps',
      [
        panel.query(queries.rate('', ', http_response_status_code=~"%d.."' % class), '%dxx' % class)
        for class in [2, 3, 4, 5]
      ],
      queries.silent,
    ) + panel.stacked + panel.color('2xx', 'green') + panel.color('3xx', 'blue') + panel.color('4xx', 'orange') + panel.color('5xx', 'red'),
    panel.timeseries(
      'Errors (traffic)',
      'Share of requests that ended with 5xx. ' + slo_targets.words('api-error-rate') + " Above the second line: target missed; above the last: the month's error budget is gone in two days.",
      'percentunit',
      [panel.query(queries.errors(), 'errors')],
      queries.silent,
    ) + panel.between(0, null) + slo_targets.bad_share('api-error-rate'),
    panel.timeseries(
      'Late responses (traffic)',
      'Share of requests slower than the target: exact, where p95 is interpolated. ' + slo_targets.words('api-latency') + ' At most %g%% may be late.' % (100 * slo_targets.allowed('api-latency')),
      'percentunit',
      [panel.query(queries.late(), 'late')],
      queries.silent,
    ) + panel.between(0, null) + slo_targets.bad_share('api-latency'),
    panel.timeseries(
      'Errors by route',
      '5xx responses per second, by method and route. Good: all at 0. A single route: check what was deployed there; all at once: database, cache or the process itself.',
      'reqps',
      [panel.query(queries.rate('http_request_method, http_route', ', http_response_status_code=~"5.."'), '{{http_request_method}} {{http_route}}')],
      'No route has returned a 5xx.',
      width=12,
    ),
    panel.timeseries(
      'Failed logins',
      'Logins that were refused (401, 403, 429) and that failed (5xx), in the hour before each point. Refused above the line: somebody is guessing passwords, or the authentication service is down.',
      'short',
      [
        panel.query(queries.logins('401|403|429', '1h'), 'refused'),
        panel.query(queries.logins('5..', '1h'), 'failed'),
      ],
      'Nobody logged in, or no route is one of `log_in` in settings.yaml.',
      width=6,
    ) + panel.decimals(0) + panel.limits([[null, colors.kept], [alerts.CrmApiFailedLogins.limit, colors.broken]]) + panel.lines + panel.color('refused', 'orange') + panel.color('failed', 'red'),
    panel.timeseries(
      'Successful logins',
      'Logins in the hour before each point. Falling with as many users as ever: nobody can log in, or sessions last longer.',
      'short',
      [panel.query(queries.logins('2..', '1h'), 'successful')],
      'Nobody logged in, or no route is one of `log_in` in settings.yaml.',
      width=6,
    ) + panel.decimals(0) + panel.color('successful', 'green'),
    usual.panel(
      'Requests vs. usual (traffic)',
      'Requests to the API in the hour before each point, of all routes. Below: users cannot reach it. Above: more users, or a client that repeats itself.',
      'max(%s{target="api-error-rate"})' % series.sum_total('1h'),
      'signal="traffic", target="api-error-rate"',
      queries.silent,
    ),
  ]
