// What fails, since when?
function(config)
  local alerts = config.alerts;
  local certificates = import '../lib/certificates.libsonnet';
  local checks = import '../lib/checks.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local none_bad = panel.limits([[null, colors.kept], [1, colors.hurt]]);

  [
    panel.stat(
      'Failing checks',
      'Checks whose last run failed, and the number of checks. Good: 0. Which and why is shown below.',
      'none',
      [
        panel.now('count(%(pass)s == 0) or 0 * count(%(pass)s)' % { pass: queries.pass() }, 'failing'),
        panel.now('count(%s)' % queries.worst('pantrywatch_check_interval_seconds'), 'all checks'),
      ],
      'no checks',
      width=6,
    ) + panel.decimals(0) + none_bad + panel.plain_stat + panel.one('all checks', { thresholds: status.steps([[null, colors.plain]]) }),
    panel.stat(
      'Checks not running',
      'Checks that have not run for more than ' + alerts.CrmMonitoringCheckNotRun.intervals + ' intervals, or never. Good: 0. What such a check says is out of date.',
      'none',
      [panel.now('count(%(overdue)s > %(intervals)d or (%(all)s unless on (check) %(ran)s)) or 0 * count(%(all)s)' % {
        overdue: queries.overdue,
        intervals: alerts.CrmMonitoringCheckNotRun.intervals,
        all: queries.worst('pantrywatch_check_interval_seconds'),
        ran: queries.worst('pantrywatch_check_last_run_timestamp_seconds'),
      })],
      'no checks',
      width=5,
    ) + panel.decimals(0) + none_bad + panel.plain_stat,
    panel.stat(
      'Journeys',
      'The last run of each check that does what a user does: log in, read, write. Failing while the others pass: the parts work, but not together.',
      'none',
      [panel.now(checks.pass('kind="journey"'), '{{check}}')],
      'no journey check',
      width=5,
    ) + panel.decimals(0) + panel.texts({ '0': ['failing', colors.hurt], '1': ['passing', colors.kept] }) + panel.plain_stat,
    panel.stat(
      'Slowest check',
      'Time of the last run of the slowest of the chosen checks. Rising with the number of users: the CRM. Rising on its own: the network from here.',
      's',
      [panel.now('topk(1, %s)' % queries.worst('probe_duration_seconds'), '{{check}}')],
      'no checks',
      width=4,
    ) + panel.decimals(1) + panel.plain_stat,
    panel.stat(
      'Next certificate expiry',
      'Time until the first verified certificate chain of all TLS checks expires; where verification failed or is off, the first certificate sent. Automatic renewal happens 30 days before: below ' + alerts.CrmSyntheticCertificateExpiring.days + ' days it has failed.',
      's',
      [panel.now('min(%s) - time()' % certificates.expiry())],
      'no check uses TLS',
      width=4,
    ) + panel.decimals(1) + panel.limits([[null, colors.hurt], [86400 * alerts.CrmSyntheticCertificateSoonExpired.days, colors.broken], [86400 * alerts.CrmSyntheticCertificateExpiring.days, colors.kept]]) + panel.plain_stat,
    panel.states(
      'Checks over time',
      'When each check passed and failed; one that runs at several places fails where two of them see it. All at once: this machine, its network, or the whole CRM. A gap: it did not run.',
      [panel.query(queries.pass(), '{{check}}')],
      queries.silent,
      width=24,
      height=8,
    ) + panel.texts({ '0': ['failing', colors.hurt], '1': ['passing', colors.kept] }),
    status.promised(['system-availability', 'frontend-availability', 'api-availability', 'db-availability', 'integration-error-rate'], height=8),
    status.firing([
      'alertname=~"CrmSynthetic.+"',
      'target=~".+-availability|integration-error-rate"',
      'alertname=~"CrmMonitoring.+", job=~"synthetic|browser"',
    ], height=8),
  ]
