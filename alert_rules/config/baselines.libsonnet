// Limits of baselines.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified: half an hour, for an
// hour that is looked at every five minutes is outside its band by chance more often than a whole one. Raise it where the daily
// digest lists what nobody asks about. Every band is three spreads wide (`wide` there).
{
  // `targets`: those whose events are counted here, one of each kind: several targets count the same page views.
  CrmTargetUnusualTraffic: {
    targets: 'api-error-rate|cache-hit-ratio|db-error-rate|form-submission|frontend-error-rate|lcp|search-response',
    'for': '30m',
  },

  // More bad events than usual; fewer are not an alert. That a target is missed is one of its own.
  CrmTargetUnusualErrors: { 'for': '30m' },

  // Connections of each server, and clients of each cache.
  CrmDatabaseUnusualConnections: { 'for': '30m' },
  CrmCacheUnusualClients: { 'for': '30m' },
}
