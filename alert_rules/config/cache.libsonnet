// Limits of cache.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // Two scrapes, as CrmDatabaseDown. Raise it where loading the data at startup takes longer.
  CrmCacheDown: { 'for': '20s' },

  // Raise `share` for a large server, where the last tenth is many gigabytes.
  CrmCacheMemoryNearLimit: { share: 0.9, 'for': '5m' },

  // A full cache always evicts a little. A tenth of its keys in the range: they do not live long enough to be read again.
  // `for`: longer than one import or warm-up.
  CrmCacheEvictions: { share: 0.1, range: '15m', 'for': '15m' },

  // Half: far from any target, which only says so after hours. `lookups` a second: a quiet night has few. `for`: longer
  // than a cache takes to fill after a restart or a deployment; raise it with its size.
  CrmCacheMostlyMissing: { share: 0.5, lookups: 1, range: '5m', 'for': '15m' },

  // One is too many: the limit has been reached.
  CrmCacheConnectionsRejected: { range: '5m', 'for': '30s' },

  // A fifth is left. `for`: longer than a deployment, when the old and the new application are both connected.
  CrmCacheClientsNearLimit: { share: 0.8, 'for': '5m' },

  // The server tries again after seconds.
  CrmCachePersistenceFailing: { 'for': '2m' },

  // Longer than a primary takes to restart or a replica to load some gigabytes; raise it with the size of the data.
  CrmCacheReplicationDown: { 'for': '2m' },

  // A replica acknowledges each second; one that is silent for 60 s (repl-timeout) is dropped. Raise it over a slow link.
  CrmCacheReplicationLag: { seconds: 10, 'for': '1m' },

  // A small cache always has a large ratio: `mebibytes` of the machine must be wasted too. Lower it on a small machine. `for`:
  // the memory of a fork or of many expired keys is given back sooner.
  CrmCacheFragmented: { ratio: 1.5, mebibytes: 256, 'for': '1h' },

  // New entries in the slow log (10 ms unless set) at 20 of the 60 scrapes of 15 minutes: not a single odd one.
  CrmCacheSlowCommands: { scrapes: 20, range: '15m', 'for': '5m' },
}
