// Limits of network.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // TCP already suffers from one packet of a hundred; checks send few, so that three connects of sixty are the first number that
  // says something: a single one is chance. Raise `share` where checks go over a mobile network. `connects`: with a loss, at
  // least. A check that runs less often than every `slow` has `slow_range` for it, which with the quarter of an hour that this
  // alert goes on is shorter than what a cause explains afterwards (config/causes.libsonnet, high); one that runs less often
  // than each quarter of an hour is seen when it fails.
  CrmNetworkLoss: { range: '15m', share: 0.05, connects: 3, slow: '4m', slow_range: '50m', 'for': '5m' },

  // Seconds, edges of the histogram: within one network (database, cache, pooler) a connect takes a millisecond, to the other
  // end of the world a third of a second. Lower them to your own distances. `share` of at least `connects` must be slower: half
  // is the median, which a few lost packets do not move. `slow`, `slow_range`: as above.
  CrmNetworkSlow: { range: '15m', near: 0.05, far: 0.5, share: 0.5, connects: 10, slow: '80s', slow_range: '50m', 'for': '5m' },
}
