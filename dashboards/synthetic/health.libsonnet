// What fails, since when?
local certificates = import '../lib/certificates.libsonnet';
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local none_bad = panel.limits([[null, colours.kept], [1, colours.hurt]]);

[
  panel.stat(
    'Checks that fail',
    'Checks whose last run failed, and how many there are. Good: 0. Which, and why: below.',
    'none',
    [
      panel.now('count(%s == 0) or 0 * count(%s)' % [queries.worst('probe_success', of='min'), queries.worst('probe_success')], 'failing'),
      panel.now('count(%s)' % queries.worst('pantrywatch_check_interval_seconds'), 'checks in all'),
    ],
    'no check runs',
    width=6,
  ) + panel.decimals(0) + none_bad + panel.plain_stat + panel.one('checks in all', { thresholds: status.steps([[null, colours.plain]]) }),
  panel.stat(
    'Checks that did not run',
    'Checks whose last run is more than four intervals ago, or that never ran. Good: 0. Otherwise nobody looks: what such a check says is old.',
    'none',
    [panel.now('count(%(overdue)s > 4 or (%(all)s unless on (check) %(ran)s)) or 0 * count(%(all)s)' % {
      overdue: queries.overdue,
      all: queries.worst('pantrywatch_check_interval_seconds'),
      ran: queries.worst('pantrywatch_check_last_run_timestamp_seconds'),
    })],
    'no check runs',
    width=5,
    // As CrmMonitoringCheckNotRun.
  ) + panel.decimals(0) + none_bad + panel.plain_stat,
  panel.stat(
    'Journeys',
    'The last run of each check that does what a user does: log in, read, write. It fails while the others pass: the parts are well, their work together is not.',
    'none',
    [panel.now('min by (check) (probe_success{kind="journey"})', '{{check}}')],
    'no journey is checked',
    width=5,
  ) + panel.decimals(0) + panel.texts({ '0': ['fails', colours.hurt], '1': ['passes', colours.kept] }) + panel.plain_stat,
  panel.stat(
    'Slowest check',
    'Time of the last run of the slowest of the chosen checks. Rising with users: the CRM. Rising alone: the way from here.',
    's',
    [panel.now('topk(1, %s)' % queries.worst('probe_duration_seconds'), '{{check}}')],
    'no check runs',
    width=4,
  ) + panel.decimals(1) + panel.plain_stat,
  panel.stat(
    'Next certificate to end',
    'Time until the first certificate chain of all checks over TLS ends, as verified; where it is refused or not verified, the first certificate that was sent. What renews itself does so 30 days before: below three weeks it has failed to.',
    's',
    [panel.now('min(%s) - time()' % certificates.ends())],
    'no check uses TLS',
    width=4,
    // As CrmSyntheticCertificateExpiring and CrmSyntheticCertificateSoonExpired.
  ) + panel.decimals(1) + panel.limits([[null, colours.hurt], [7 * 86400, colours.broken], [21 * 86400, colours.kept]]) + panel.plain_stat,
  panel.states(
    'Every check over time',
    'When each check passed and failed. All at once: this machine, its network, or the whole CRM. A gap: it did not run.',
    [panel.query(queries.worst('probe_success', of='min'), '{{check}}')],
    queries.silent,
    width=24,
    height=8,
  ) + panel.texts({ '0': ['fails', colours.hurt], '1': ['passes', colours.kept] }),
  status.promised(['system-availability', 'frontend-availability', 'api-availability', 'db-availability', 'integration-error-rate'], height=8),
  status.firing([
    'alertname=~"CrmSynthetic.+"',
    'target=~".+-availability|integration-error-rate"',
    'alertname=~"CrmMonitoring.+", job=~"synthetic|browser"',
  ], height=8),
]
