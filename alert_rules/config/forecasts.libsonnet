// Limits of forecasts.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // `ahead`: when the earliest time at which it may be full is nearer than that. Raise it to the time that a larger disk or
  // server takes to order. `for`: the forecast changes once a day; a quarter of an hour outlasts a restart.
  CrmHostFullSoon: { ahead: '14d', 'for': '15m' },
  CrmDatabaseFullSoon: { ahead: '14d', 'for': '15m' },
  CrmCacheFullSoon: { ahead: '14d', 'for': '15m' },
  CrmApiCapacityReachedSoon: { ahead: '14d', 'for': '15m' },
  CrmApiPromiseBrokenSoon: { ahead: '14d', 'for': '15m' },
}
