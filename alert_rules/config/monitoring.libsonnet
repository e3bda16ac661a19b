// Limits of monitoring.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // Eight scrapes without a sample.
  Watchdog: { seconds: 120, 'for': '0s' },

  // `for`: longer than a start takes until its first sample. Raise it where replaying the WAL takes longer.
  CrmMonitoringNothingStored: { seconds: 120, 'for': '3m' },

  // Four scrapes: one that is lost on the way is not an outage.
  CrmMonitoringTargetDown: { 'for': '1m' },

  // Long enough that a restart of the watched server is over.
  CrmMonitoringCollectorFailing: { 'for': '5m' },

  // Four intervals: the check itself gives up within one.
  CrmMonitoringCheckNotRun: { intervals: 4, 'for': '1m' },

  // Longer than it takes to set up a server by hand.
  CrmMonitoringPrivilegeMissing: { 'for': '15m' },

  // Twelve times the longest interval of the queries shipped (five minutes). Raise it with `intervals` in settings.yaml.
  CrmMonitoringQueryStale: { seconds: 3600, 'for': '5m' },

  // Three quarters of the scrape_timeout of 10 s in prometheus.yml: beyond that, samples are lost. Change it with that.
  // `for`: twenty scrapes, for a frozen server is found and reported before.
  CrmMonitoringScrapeSlow: { seconds: 7.5, 'for': '5m' },

  // A clock that is set may cost a few samples, once.
  CrmMonitoringSamplesRejected: { range: '5m', 'for': '15m' },

  // Start times that differ by more than `seconds`: a cache's is known to the second only. `range`: eight scrapes, so that
  // each of two sources behind one address is met. `before`: longer than it, for a restart that is no mixture.
  CrmMonitoringSourcesMixed: { seconds: 60, range: '2m', before: '5m', 'for': '5m' },

  // Half as many again, and `series` more than within `range`: a new target of ours brings one to two thousand. Raise
  // `series` with the size of the installation. `for`: a deployment doubles the series of what it replaces until the next
  // compaction.
  CrmMonitoringSeriesGrowth: { factor: 1.5, series: 10000, range: '6h', 'for': '30m' },

  // Not one is normal.
  CrmMonitoringRuleFailing: { range: '5m', 'for': '1m' },

  // One evaluation next to a compaction may be slow.
  CrmMonitoringRuleGroupSlow: { 'for': '5m' },

  // Past a reload of the configuration.
  CrmMonitoringAlertmanagerUnknown: { 'for': '1m' },

  // Dropped only after every Alertmanager refused or the queue was full: not one is normal.
  CrmMonitoringAlertsDropped: { range: '5m', 'for': '1m' },

  // Half full is thousands of alerts behind.
  CrmMonitoringNotificationQueueFilling: { share: 0.5, 'for': '2m' },

  // Alertmanager retries by itself before it counts one as failed. Not one is normal.
  CrmMonitoringNotificationsFailing: { range: '15m', 'for': '1m' },

  // Past a second try with the mistake corrected.
  CrmMonitoringConfigReloadFailed: { 'for': '5m' },

  // Most of these are tried every two hours: the range holds at least one try.
  CrmMonitoringStorageFailing: { range: '3h', 'for': '1m' },

  // Prometheus sends each second what it has. Past a restart of the store.
  CrmMonitoringStoreBehind: { seconds: 300, 'for': '2m' },

  // It tries again by itself before it gives samples up. Not one is normal.
  CrmMonitoringStoreRefuses: { range: '15m', 'for': '1m' },

  // Budgets look back `days`; lower it only together with them. `range`: the largest blocks of a server with the retention
  // we ship span two days. `for`: past a reload of the data, when nothing is known for a moment.
  CrmMonitoringRetentionShort: { days: 30, range: '3d', 'for': '15m' },

  // A day: it succeeds once a minute, and fills what it missed. Raise it up to the days that Prometheus keeps samples for.
  CrmMonitoringLongMemoryBehind: { seconds: 86400, 'for': '5m' },

  // A task looks once a minute whether something is due, however seldom that is, and tries again at least every ten minutes
  // what failed: `for` holds six tries. `seconds`: the longest that a run may take.
  CrmMonitoringTaskFailing: { seconds: 3600, 'for': '1h' },

  // Past a start.
  CrmMonitoringLongMemoryDamaged: { 'for': '1m' },
}
