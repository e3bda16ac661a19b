// Limits of frontend.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // Not one beacon in `range` while the API answered `requests`, ten a minute: whoever works in the CRM sends several. Raise
  // `requests` above what checks, integrations and nightly jobs send in that time: they have no browser.
  CrmFrontendNoBeacons: { requests: 150, range: '15m', 'for': '5m' },

  // Normally nothing is dropped but repeated batches and requests for other paths, which are left out here. `beacons`: how
  // many must have been dropped; one broken client on a quiet night is no news. Raise `share` where a public page is flooded
  // now and then.
  CrmFrontendBeaconsDropped: { share: 0.2, beacons: 100, range: '15m', 'for': '15m' },
}
