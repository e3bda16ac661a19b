// Limits of causes.jsonnet, by alert.
{
  // How long what a cause explains stays inhibited after it is over. recent: windows of five and ten minutes, of which the
  // last one with events counts for half an hour, and a quarter more for late samples. server: the same without that half
  // hour. high, medium, low: the short window of that burn-rate tier (targets.yaml), and what was said of recent.
  CrmMonitoringCauseRecent: {
    recent: '45m',
    server: '30m',
    high: '1h15m',
    medium: '2h30m',
    low: '6h30m',
    'for': '0s',
  },

  // The same for lower severities of a target after a higher one.
  CrmMonitoringTargetBurned: { high: '1h15m', medium: '2h30m', low: '6h30m', 'for': '0s' },

  // Three outages in an hour are one problem. `steady`: an outage that has lasted for so long is its own again: the last step
  // of its escalation in settings.yaml, which it then reaches; change them together. Raise `begins` for a server that is
  // restarted often, on purpose.
  CrmMonitoringOutageFlapping: { begins: 3, within: '1h', steady: { critical: '30m', high: '60m' }, 'for': '0s' },

  // The alerts it covers have waited already.
  CrmApiUsersAffected: { 'for': '0s' },
}
