// Limits of synthetic.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // Two runs, as two scrapes of CrmDatabaseDown: a web server that restarts for longer than a check's interval may page. Of
  // several checks of the front end each must have failed so often: the slowest decides how soon. `scrapes`: in which
  // blackbox_exporter must have had no success. Raise both where restarts are usual.
  CrmFrontendDown: { failures: 2, scrapes: '40s', 'for': '0s' },

  // What renews itself does so 30 days before; nine days later it has failed to, and three weeks are left. Raise it where
  // certificates are bought by hand. `for`: two servers behind one name may show different ones while they are replaced.
  CrmSyntheticCertificateExpiring: { days: 21, 'for': '15m' },

  // A working week, so that whoever must sign or approve it can still be reached.
  CrmSyntheticCertificateSoonExpired: { days: 7, 'for': '15m' },

  // The last day: after it nobody gets in.
  CrmSyntheticCertificateExpired: { days: 1, 'for': '5m' },

  // Registrars renew domains by themselves 30 days before and later: what is left then is decided, or forgotten. Raise it where
  // a renewal needs somebody's signature.
  CrmSyntheticDomainExpiring: { days: 30, 'for': '15m' },

  // A working week, as for certificates; then the name stops resolving, and buying it back takes weeks.
  CrmSyntheticDomainSoonExpired: { days: 7, 'for': '15m' },

  // No success in `range`; where the runs are counted, `failures` at least within `counted`. A check that runs less often
  // than every `slow` cannot fail as often in that time: `slow_failures` within `slow_counted`, which holds two runs of a
  // daily check, the slowest that settings allow.
  CrmSyntheticCheckFailing: {
    range: '5m',
    failures: 3,
    counted: '1h',
    slow: '20m',
    slow_failures: 2,
    slow_counted: '50h',
    'for': '1m',
  },

  // Six changes: three short failures, each too short for an alert of its own. They take seven runs: of a check less often
  // than every `slow` a day holds them, of one less often than every `slowest` eight days, if it runs daily.
  CrmSyntheticCheckFlapping: {
    changes: 6,
    range: '30m',
    slow: '4m',
    slow_range: '1d',
    slowest: '3h',
    slowest_range: '8d',
    'for': '5m',
  },
}
