// Can users work?
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local alerts = config.alerts;
  local checks = import '../lib/checks.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local up = { '0': ['down', colors.hurt], '1': ['up', colors.kept] };
  local passes = { '0': ['failing', colors.hurt], '1': ['passing', colors.kept] };

  [
    panel.stat(
      'Instances',
      'Whether each instance of the application responded to the last scrape of its metrics. Good: up. Down while the check next to it fails too: the CRM is down for users.',
      'none',
      [panel.now('min by (instance) (up{%s, %s})' % [config.selectors.application, queries.application], '{{instance}}')],
      'none scraped',
      width=3,
    ) + panel.decimals(0) + panel.texts(up) + panel.plain_stat,
    panel.stat(
      'Checks (probe)',
      'The last run of the checks that represent users of the API. ' + slo_targets.words('api-availability') + ' Good: passes. Failing while instances are up: the network to them, or the database behind them.',
      'none',
      [panel.now(checks.pass('target="api-availability"'), '{{check}}')],
      'no check for it',
      width=3,
    ) + panel.decimals(0) + panel.texts(passes) + panel.plain_stat + panel.to_board('synthetic', 'All checks'),
    panel.stat(
      'Requests',
      'Requests per second to the chosen routes, over the last five minutes. Far below usual for this hour: users cannot reach us, or cannot log in.',
      'reqps',
      [panel.now(queries.rate('', range='5m'))],
      'no requests',
      width=3,
    ) + panel.decimals(1) + panel.plain_stat,
    panel.stat(
      'Errors now (traffic)',
      'Share of requests in the last five minutes that ended with 5xx. ' + slo_targets.words('api-error-rate') + ' Orange: target missed. Errors by route shows which route.',
      'percentunit',
      [panel.now(queries.errors(range='5m'))],
      'no requests',
      width=3,
    ) + panel.plain_stat + slo_targets.bad_share('api-error-rate'),
    panel.stat(
      'p95 now (traffic)',
      '95% of requests in the last five minutes were faster. ' + slo_targets.words('api-latency') + ' Measured inside the application: queueing in front of it is not included. Routes, slowest first shows which route.',
      's',
      [panel.now(queries.quantile('0.95', range='5m'))],
      'no requests',
      width=3,
    ) + panel.decimals(1) + panel.plain_stat + slo_targets.latency('api-latency'),
    panel.stat(
      'In flight now',
      'Requests in progress. Rising without more requests per second: something behind the API is slow.',
      'none',
      [panel.now('sum(http_server_active_requests{%s})' % queries.application)],
      'not exported',
      width=3,
    ) + panel.decimals(0) + panel.plain_stat,
    panel.stat(
      'Throughput in use',
      'Requests per minute on the busiest server as a share of the target for one server. ' + slo_targets.words('api-throughput') + ' This is usage (traffic), not proof: only a capacity run proves it.',
      'percentunit',
      [panel.now('max(' + series.capacity_use + '{target="api-throughput"})')],
      'no requests',
      width=3,
    ) + panel.between(0, null) + panel.decimals(0) + panel.plain_stat + slo_targets.capacity_use('api-throughput'),
    panel.stat(
      'Refused logins',
      'Logins refused (401, 403, 429) within the last hour. Good: a few forgotten passwords. Above the limit: somebody is guessing passwords, or users cannot log in.',
      'none',
      [panel.now(queries.logins('401|403|429', '1h'))],
      'no login route',
      width=3,
    ) + panel.decimals(0) + panel.plain_stat + panel.limits([[null, colors.kept], [alerts.CrmApiFailedLogins.limit, colors.broken]]),
    status.promised(['api-latency', 'api-error-rate', 'api-availability', 'api-throughput', 'integration-error-rate'], height=8),
    status.firing([
      'alertname=~"Crm(Api|Integration).+"',
      'target=~"api-.+|integration-error-rate"',
      'alertname=~"CrmMonitoring.+", ' + config.selectors.application,
    ], height=8),
    panel.states(
      'Instances and checks over time',
      'When each instance responded to Prometheus, and when the checks passed. A gap: unknown.',
      [
        panel.query('min by (instance) (up{%s, %s})' % [config.selectors.application, queries.application], '{{instance}}'),
        panel.query(checks.pass('target="api-availability"'), '{{check}} (probe)'),
      ],
      'No application is scraped and no check is configured.',
      width=24,
      height=5,
    ) + panel.texts({ '0': ['down', colors.hurt], '1': ['up', colors.kept] }),
  ]
