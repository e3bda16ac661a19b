// Does the CRM open, and what is promised?
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local alerts = config.alerts;
  local certificates = import '../lib/certificates.libsonnet';
  local checks = import '../lib/checks.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local all = [target.id for target in slo_targets.targets if target.layer == 'frontend'];

  [
    panel.stat(
      'CRM opens (probe)',
      'The last run of the checks that open the front end as a user does. ' + slo_targets.words('frontend-availability') + ' Failing: nobody can open it; see the error class in Failures by class.',
      'none',
      [panel.now(checks.pass(queries.check), '{{check}}')],
      'no check for it',
    ) + panel.decimals(0) + panel.texts({ '0': ['failing', colors.hurt], '1': ['passing', colors.kept] }) + panel.plain_stat + panel.to_board('synthetic', 'All checks'),
    panel.stat(
      'Fetch time (probe)',
      'Time of the last run of the check: one page, fetched without a browser, including the network. Not a page load: nothing is rendered.',
      's',
      [panel.now('max by (check) (probe_duration_seconds{%s})' % queries.check, '{{check}}')],
      'no check for it',
    ) + panel.decimals(1) + panel.plain_stat,
    panel.stat(
      'Pages served',
      'Requests for pages, scripts and styles per second, over the last five minutes. 0 with users at work: they already have it open, or cannot reach us.',
      'reqps',
      [panel.now(queries.count(queries.pages, range='5m'))],
      'no page requests',
    ) + panel.plain_stat,
    panel.stat(
      'Time to serve, p95 (traffic)',
      "95% of requests for pages, scripts and styles in the last five minutes were faster, measured inside the application. It is the server's part of the time to first byte; the network is not included.",
      's',
      [panel.now(queries.quantile('0.95', queries.pages, range='5m'))],
      'no page requests',
    ) + panel.decimals(1) + panel.plain_stat,
    panel.stat(
      'Targets measured',
      'How many front-end targets this installation measures, out of how many. The others are shown below as not measured, with what they need: never as met.',
      'none',
      [
        panel.now('count(' + series.measured + '{layer="frontend"} == 1) or 0 * count(' + series.measured + '{layer="frontend"})', 'measured'),
        panel.now('count(' + series.measured + '{layer="frontend"})', 'of'),
      ],
      'no rule has run yet',
    ) + panel.decimals(0) + panel.plain_stat + panel.to_board('targets', 'All targets'),
    panel.stat(
      'Certificate expires in',
      'Time until the verified certificate chain of the front end expires. Automatic renewal happens 30 days before: below ' + alerts.CrmSyntheticCertificateExpiring.days + ' days it has failed.',
      's',
      [panel.now('min(%s) - time()' % certificates.expiry(queries.check))],
      'no check uses TLS',
    ) + panel.decimals(1) + panel.limits([[null, colors.hurt], [86400 * alerts.CrmSyntheticCertificateSoonExpired.days, colors.broken], [86400 * alerts.CrmSyntheticCertificateExpiring.days, colors.kept]]) + panel.plain_stat,
    status.promised(all, width=24, height=14, fed=true),
    panel.states(
      'CRM opens, over time (probe)',
      'When the checks that open the front end passed and failed. A gap: they did not run.',
      [panel.query(checks.pass(queries.check), '{{check}}')],
      queries.unchecked,
      width=15,
      height=5,
    ) + panel.texts({ '0': ['failing', colors.hurt], '1': ['passing', colors.kept] }),
    status.firing(['target=~"%s"' % std.join('|', all)], height=5),
  ]
