// Limits of api.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // Two scrapes, as CrmDatabaseDown: a restart of the only instance that takes longer than a scrape interval may page.
  // Raise it where that is usual.
  CrmApiDown: { 'for': '20s' },

  // The designers of the CRM call 5% critical. `failures`: one failed request on a quiet night is one in ten; raise it
  // with the traffic. Slower use of the month's budget is for CrmApiErrorRateBurn. `for`: until it is known whether the
  // database or the cache is the cause.
  CrmApiErrorsSudden: { share: 0.05, failures: 5, range: '5m', 'for': '30s' },

  // The designers' rule is a p95 above 2 s; 2.5 s is the next bucket edge of the usual histograms, and the share beyond it
  // is exact where a quantile is interpolated. `edge` must be a bucket edge. `requests`: with fewer, one slow report is 5%.
  // `for` is the designers' cooldown: what has passed by then needs nobody.
  CrmApiSlow: { edge: 2.5, share: 0.05, requests: 20, range: '5m', 'for': '15m' },

  // A fifth above 1 s, twice the target: plain to everyone who uses this page, but hidden in the sum of all routes. Raise
  // `share` where one route is meant to be slow (reports, exports).
  CrmApiRouteSlow: { edge: 1, share: 0.2, requests: 20, range: '15m', 'for': '15m' },

  // The designers' number: more than fifty in an hour are not forgotten passwords. Raise it with the number of users.
  CrmApiFailedLogins: { limit: 50, range: '1h', 'for': '1m' },

  // Twice the hour's limit within five minutes: a machine is guessing passwords right now.
  CrmApiFailedLoginsBurst: { limit: 100, range: '5m', 'for': '30s' },

  // A fifth of the calls, and three at least: third parties have their moments, and the month's target
  // (CrmIntegrationErrorRateBurn) counts each failure. Lower it for a service the CRM cannot do without.
  CrmApiThirdPartyFailing: { share: 0.2, failures: 3, range: '15m', 'for': '5m' },

  // Of the rate of the last capacity run, on average. Lower it where a new server takes long to get.
  CrmApiNearCapacity: { share: 0.8, range: '15m', 'for': '1m' },

  // Applications change with each deployment. Raise it where yours is deployed less than once a month.
  CrmApiCapacityProofOld: { days: 30, 'for': '1h' },

  // Not one free connection at any scrape of the range. Raise `range` where the pool is sized to be in full use.
  CrmApiPoolExhausted: { range: '5m', 'for': '1m' },
}
