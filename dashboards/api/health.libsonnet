// Can users work?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local up = { '0': ['down', colours.hurt], '1': ['up', colours.kept] };
local passes = { '0': ['fails', colours.hurt], '1': ['passes', colours.kept] };

[
  panel.stat(
    'Instances',
    'Whether each instance of the application answered the last scrape of its metrics. Good: up. Down, and the check beside it fails too: users see nothing.',
    'none',
    [panel.now('min by (instance) (up{job="application", %s})' % queries.application, '{{instance}}')],
    'none is scraped',
    width=3,
  ) + panel.decimals(0) + panel.texts(up) + panel.plain_stat,
  panel.stat(
    'Checks (probe)',
    'The last run of the checks that stand for users of the API. ' + promise.words('api-availability') + ' Good: passes. It fails while instances are up: the way to them, or the database behind them.',
    'none',
    [panel.now('min by (check) (probe_success{target="api-availability"})', '{{check}}')],
    'no check feeds it',
    width=3,
  ) + panel.decimals(0) + panel.texts(passes) + panel.plain_stat + panel.to_board('synthetic', 'All checks'),
  panel.stat(
    'Requests',
    'Requests to the chosen routes a second, over the last five minutes. Far below the usual at this hour: users cannot reach us, or cannot log in.',
    'reqps',
    [panel.now(queries.rate('', range='5m'))],
    'no requests',
    width=3,
  ) + panel.decimals(1) + panel.plain_stat,
  panel.stat(
    'Errors now (traffic)',
    'Share of requests of the last five minutes that ended with 5xx. ' + promise.words('api-error-rate') + ' Orange: broken. Which route: Errors by route.',
    'percentunit',
    [panel.now(queries.errors(range='5m'))],
    'no requests',
    width=3,
  ) + panel.plain_stat + promise.bad_share('api-error-rate'),
  panel.stat(
    'p95 now (traffic)',
    '95 of 100 requests of the last five minutes took less. ' + promise.words('api-latency') + ' Measured in the application: waiting in front of it is not counted. Which route: Routes, slowest first.',
    's',
    [panel.now(queries.quantile('0.95', range='5m'))],
    'no requests',
    width=3,
  ) + panel.decimals(1) + panel.plain_stat + promise.latency('api-latency'),
  panel.stat(
    'In flight now',
    'Requests being answered now. Rising without more requests a second: something behind the API is slow.',
    'none',
    [panel.now('sum(http_server_active_requests{%s})' % queries.application)],
    'not told',
    width=3,
  ) + panel.decimals(0) + panel.plain_stat,
  panel.stat(
    'Throughput in use',
    'Requests a minute on the busiest server as a share of what one server is promised to hold. ' + promise.words('api-throughput') + ' It is use (traffic), not proof: that takes a capacity run.',
    'percentunit',
    [panel.now('max(slo:capacity_use:ratio{target="api-throughput"})')],
    'no requests',
    width=3,
  ) + panel.between(0, null) + panel.decimals(0) + panel.plain_stat + promise.capacity_use('api-throughput'),
  panel.stat(
    'Failed log-ins',
    'Log-ins refused (401, 403, 429) within the last hour. Good: a few forgotten passwords. Above 50: somebody tries passwords, or users cannot get in.',
    'none',
    [panel.now(queries.logins('401|403|429', '1h'))],
    'no log-in route seen',
    width=3,
    // As CrmApiFailedLogins.
  ) + panel.decimals(0) + panel.plain_stat + panel.limits([[null, colours.kept], [50, colours.broken]]),
  status.promised(['api-latency', 'api-error-rate', 'api-availability', 'api-throughput', 'integration-error-rate'], height=8),
  status.firing([
    'alertname=~"Crm(Api|Integration).+"',
    'target=~"api-.+|integration-error-rate"',
    'alertname=~"CrmMonitoring.+", job="application"',
  ], height=8),
  panel.states(
    'Instances and checks over time',
    'When each instance answered Prometheus, and when the checks from outside passed. Grey or a gap: nothing is known.',
    [
      panel.query('min by (instance) (up{job="application", %s})' % queries.application, '{{instance}}'),
      panel.query('min by (check) (probe_success{target="api-availability"})', '{{check}} (probe)'),
    ],
    'No application is scraped and no check runs.',
    width=24,
    height=5,
  ) + panel.texts({ '0': ['down', colours.hurt], '1': ['up', colours.kept] }),
]
