// The checks: what they find, beyond the availability targets they feed. A check that does not run: monitoring.jsonnet.
local alert = (import 'lib/alert.libsonnet').alert;

local check = 'job, instance, check, kind, target';

// The verified chain decides: a server may send a certificate that expired long ago and that nobody needs, and a chain may
// expire before any certificate the server sends. If nothing is verified, or the check rejects the certificate, there is no
// such chain (blackbox_exporter reports a time before 1970), and the first certificate to expire of those sent counts. A
// check that cannot connect sees no certificate: what it saw within the last hour still holds.
local ends = std.join(' or ', [
  'probe_ssl_last_chain_expiry_timestamp_seconds > 0',
  'probe_ssl_earliest_cert_expiry',
  'last_over_time(probe_ssl_last_chain_expiry_timestamp_seconds[1h]) > 0',
  'last_over_time(probe_ssl_earliest_cert_expiry[1h])',
]);

// The labels `kind` and `target` are left out: a broken target must not mute the certificate that is about to break it.
local days_left(limit) = 'min by (job, instance, check) (%s) - time() < %d * 86400' % [ends, limit];

{
  groups: [
    {
      name: 'synthetic.alerts',
      rules: [
        alert(
          'CrmSyntheticCertificateExpiring',
          'medium',
          'certificate',
          // What renews itself does so 30 days before; nine days later it has failed to, and three weeks are left.
          days_left(21),
          // Two servers behind one name may show different ones while they are exchanged.
          '15m',
          'The certificate seen by check {{ $labels.check }} ends in {{ $value | humanizeDuration }} (limit 21 days).',
          'It should have been renewed by now. Look first at the renewal job and its log.',
          'None yet; on that day every browser refuses the CRM.',
          type='error',
        ),
        alert(
          'CrmSyntheticCertificateSoonExpired',
          'high',
          'certificate',
          // A working week, so that whoever must sign or approve it can still be reached.
          days_left(7),
          '15m',
          'The certificate seen by check {{ $labels.check }} ends in {{ $value | humanizeDuration }} (limit 7 days).',
          'Nobody and nothing has renewed it. Renew it by hand today, then repair the renewal.',
          'None yet; on that day every browser refuses the CRM.',
          type='error',
        ),
        alert(
          'CrmSyntheticCertificateExpired',
          'critical',
          'certificate',
          // The last day: after it nobody gets in. Negative: it has ended.
          days_left(1),
          '5m',
          'The certificate seen by check {{ $labels.check }} ends or has ended: {{ $value | humanizeDuration }} left.',
          'Renew it by hand now, and have the server load it.',
          'Every browser refuses the CRM, or will within a day.',
          type='error',
        ),
        alert(
          'CrmSyntheticCheckFailing',
          'medium',
          'check',
          // No success in five minutes; where the runs are counted, three of them failed at least (increase gives 2.5 and
          // more for three). A check that runs less often than every 20 minutes is left to its target's budget.
          |||
            max_over_time(probe_success[5m]) == 0
              unless on (%(check)s) increase(pantrywatch_check_runs_total{result="failure"}[1h]) < 2.5
          ||| % { check: check },
          // The range is five minutes already.
          '1m',
          'Check {{ $labels.check }} of {{ $labels.instance }} fails every time.',
          'It has not passed once in the last 5 minutes. Look first at the class of the error on the board, then run the check by hand.',
          'What this check does, users cannot do either.',
          type='error',
        ),
        alert(
          'CrmSyntheticCheckFlapping',
          'low',
          'check',
          // Six turns in half an hour: three short failures, each too short for an alert of its own.
          'changes(probe_success[30m]) >= 6',
          '5m',
          'Check {{ $labels.check }} of {{ $labels.instance }} keeps failing and passing: {{ $value | humanize }} turns in half an hour (limit 6).',
          'Something fails now and then: one of several servers, a limit that is just reached, a time limit that is just too short.',
          'Some users see an error now and then.',
          type='error',
        ),
      ],
    },
  ],
}
