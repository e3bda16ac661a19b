// Limits of causes.jsonnet, by alert.
{
  // How long what a cause explains stays inhibited after it is over. recent, server: alerts over five minutes, which go on
  // for ten more (`keep_firing_for`), and as much again for late samples. high, medium, low: the short window of that
  // burn-rate tier (targets.yaml) and a quarter of an hour.
  CrmMonitoringCauseRecent: {
    recent: '20m',
    server: '20m',
    high: '45m',
    medium: '2h15m',
    low: '6h15m',
    'for': '0s',
  },

  // The same for lower severities of a target after a higher one.
  CrmMonitoringTargetBurned: { high: '45m', medium: '2h15m', low: '6h15m', 'for': '0s' },

  // The alerts it covers have waited already.
  CrmApiUsersAffected: { 'for': '0s' },
}
