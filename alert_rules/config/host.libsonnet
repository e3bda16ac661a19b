// Limits of host.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // A busy processor harms nobody while nobody waits: with pressure known, tasks must wait `waiting` of the time, too.
  // Raise it on a machine that is meant to run at its limit (a batch worker). `for`: longer than a backup's compression or
  // a deployment.
  CrmHostCpuSaturated: { busy: 0.9, waiting: 0.25, range: '5m', 'for': '15m' },

  // The designers of the CRM warn at 85% used. MemAvailable counts caches that can be dropped as free. `for` is theirs too:
  // half an hour is a trend and not a peak. Lower `available` on a machine with very much memory.
  CrmHostMemoryLow: { available: 0.15, 'for': '30m' },

  // Below this the kernel drops the pages of running programs and may kill one at any moment. `for`: eight scrapes, not a
  // single allocation that is given back at once.
  CrmHostMemoryExhausted: { available: 0.05, 'for': '2m' },

  // Every major fault is a read from disk: 500 a second are what one solid-state disk can do without anything else
  // suffering. With pressure known, tasks must wait for memory `waiting` of the time, too: reading in a big program is not
  // thrashing. `for`: a restart of a large service reads its pages within that.
  CrmHostMemoryThrashing: { faults: 500, waiting: 0.1, range: '5m', 'for': '10m' },

  // Not one is normal. The range is long enough to be seen in every message, short enough to clear by itself.
  CrmHostOomKill: { range: '10m', 'for': '30s' },

  // A root file system reserves 5% for root: below that, writes of everybody else fail already. Lower it for large disks.
  // `for`: a temporary file that is deleted at once is no reason to wake anybody.
  CrmHostDiskNearlyFull: { left: 0.05, 'for': '5m' },
  CrmHostInodesNearlyFull: { left: 0.05, 'for': '5m' },

  // The line through `range`, longer than one big report or backup, reaches zero within `ahead`; a disk with more than
  // `left` has time until somebody looks at the board anyway. So must the line through `recent`: one big copy is over by
  // then. `for`: one written file bends the line for less.
  CrmHostDiskFillingUp: { range: '6h', recent: '1h', ahead: '1d', left: 0.4, 'for': '1h' },
  CrmHostInodesFillingUp: { range: '6h', recent: '1h', ahead: '1d', left: 0.4, 'for': '1h' },

  // `before`: what is read-only by design is not news, only what was writable within that time. `for`: past a remount by
  // hand.
  CrmHostFilesystemReadOnly: { before: '1h', 'for': '2m' },

  // Two seconds: beyond what the network time of a scrape adds, below what breaks logins (one-time codes allow 30 s). `for`:
  // a slow scrape looks like a wrong clock; twenty in a row do not.
  CrmHostClockWrong: { seconds: 2, 'for': '5m' },

  // A virtual machine that takes its time from its host never says that it is synchronized, and is right. `for`: the kernel
  // gives up only after hours without a time server; a restart of the service takes minutes.
  CrmHostClockSyncLost: { before: '1h', 'for': '15m' },

  // Every process shares them; a fifth is what a crowd of new connections takes.
  CrmHostFileDescriptorsHigh: { share: 0.8, 'for': '15m' },

  // Requests waiting on average: more than a disk works off at once, so that each of them waits. A disk that is always busy
  // but has no queue (an array, a fast SSD) is not saturated; raise it for those that serve many requests at once. With
  // pressure known, tasks must wait `waiting` of the time, too. `for`: longer than a nightly backup of a CRM's database.
  CrmHostDiskSaturated: { queue: 10, waiting: 0.2, range: '5m', 'for': '30m' },

  // A sound link has none. One in a hundred is enough for TCP to slow down.
  CrmHostNetworkErrors: { share: 0.01, range: '5m', 'for': '15m' },

  // The working set cannot be dropped: at the limit the kernel kills. A tenth is what one busy minute takes; raise it where
  // the limit is many gigabytes.
  CrmHostContainerMemoryNearLimit: { share: 0.9, 'for': '5m' },

  // Not one is normal.
  CrmHostContainerOomKill: { range: '10m', 'for': '30s' },

  // A limit that is reached now and then does its job; in a quarter of all periods it makes responses late.
  CrmHostContainerCpuThrottled: { share: 0.25, range: '5m', 'for': '15m' },

  // Only a group that had processes within `before` can lose them: one whose program is not installed here never did.
  // `for`: a restart takes less.
  CrmHostProcessGroupGone: { before: '1h', 'for': '2m' },
}
