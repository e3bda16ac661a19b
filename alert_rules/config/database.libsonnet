// Limits of database.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified. An object
// holds one value for each severity.
{
  // Two scrapes: one that finds it down is not an outage. Raise it where a restart takes longer than a scrape interval and
  // should reach nobody, or where you scrape less often than every 15 s.
  CrmDatabaseDown: { 'for': '20s' },

  // As CrmDatabaseDown.
  CrmDatabasePoolerDown: { 'for': '20s' },

  // Of the connections an ordinary role can have. high: a fifth is left, time to find the holder before users are refused;
  // 5 minutes are longer than a burst of logins. critical: next to none is left. Raise both where a pooler keeps a fixed
  // number of connections open.
  CrmDatabaseConnectionsNearLimit: { share: { high: 0.8, critical: 0.95 }, 'for': { high: '5m', critical: '1m' } },

  // A request takes seconds, a nightly dump of this database minutes; raise it where yours takes longer.
  CrmDatabaseTransactionLong: { seconds: 1800, 'for': '1m' },

  // No request lives for 5 minutes: whoever asked has gone, and nobody will commit.
  CrmDatabaseIdleInTransaction: { seconds: 300, 'for': '1m' },

  // Longer than a browser waits for the API: somebody has seen an error already. `for`: two evaluations more.
  CrmDatabaseLockWait: { seconds: 30, 'for': '30s' },

  // A request that waits a second for a connection has missed its target before its first statement. `for`: a burst that
  // the pool works off is none of this; raise it where reports share the pool.
  CrmDatabasePoolWait: { seconds: 1, 'for': '30s' },

  // Longer than a restart of the server, or a PAUSE for a switchover, keeps clients waiting. Raise it where yours take longer.
  // `remembered`: for how long clients that waited count; shorter than server_idle_timeout of PgBouncer (10 minutes), after
  // which a pool that nobody uses has no connection either.
  CrmDatabasePoolWithoutServer: { remembered: '9m', 'for': '30s' },

  // An application with a lock or statement timeout gives up long before the limit above and comes again: nobody waits
  // long, and the queue never empties. One or two at a time is a busy row; raise it with the number of connections.
  CrmDatabaseLockQueue: { sessions: 2, range: '2m', 'for': '30s' },

  // More than two: one is chance, several are two pieces of code that lock in opposite order.
  CrmDatabaseDeadlocks: { limit: 2, range: '15m', 'for': '1m' },

  // A tenth of what a plain disk writes: an arbitrary number, raise it where reports are meant to spill. `for`: longer than
  // one report.
  CrmDatabaseTemporaryFiles: { mebibytes_per_second: 10, range: '15m', 'for': '30m' },

  // A statement's mean over the last hour, compared with its own of the seven days before: `times` as long, and at least
  // `seconds`, since nobody waits for less. `sharp`: a lookup that has lost its index reads a whole table, which takes less
  // where that is small; a busy machine makes nothing five times as slow. `calls` in the hour, below which a mean is chance;
  // with less than `days` of history there is nothing to compare with.
  CrmDatabaseStatementSlower: {
    times: 2,
    seconds: 0.02,
    sharp_times: 5,
    sharp_seconds: 0.005,
    calls: 50,
    days: 1,
    range: '1h',
    'for': '15m',
  },

  // Whoever changes a setting that needs a restart has an hour to do it.
  CrmDatabasePendingRestart: { 'for': '1h' },

  // One is enough, and it stays until the statistics are reset: a page does not heal.
  CrmDatabaseChecksumFailures: { 'for': '30s' },

  // A minute is what users notice who read back what they saved. Raise it for a replica that only feeds reports. `for`: a
  // long statement on the replica may hold up replay for max_standby_streaming_delay, 30 s unless set.
  CrmDatabaseReplicationLag: { seconds: 60, 'for': '5m' },

  // `for`: longer than a primary takes to restart.
  CrmDatabaseReplicaDisconnected: { 'for': '2m' },

  // 32 segments of WAL: more than a burst. Raise it for a replica behind a slow link.
  CrmDatabaseReplicaBehind: { mebibytes: 512, 'for': '5m' },

  // The limit is max_wal_size, what the disk was planned for. `for`: longer than a replica takes to restart.
  CrmDatabaseReplicationSlotRetainsWal: { 'for': '5m' },

  CrmDatabaseReplicationSlotLosesWal: { 'for': '1m' },

  // Tried again each minute: failures and not one success in ten minutes are not a hiccup.
  CrmDatabaseArchivingFailing: { range: '10m', 'for': '5m' },

  // Millions of transactions. medium: freezing is forced from 200 (autovacuum_freeze_max_age) and should be done long
  // before this; raise it with that setting. critical: three quarters of 2100 are used, and a vacuum of a large table may
  // take days.
  CrmDatabaseWraparound: { millions: { medium: 500, critical: 1500 }, 'for': '5m' },

  // Autovacuum starts at a fifth of the live rows; at half it does not run or cannot remove them. `rows`: small tables do
  // not matter. `for`: longer than autovacuum takes to come round and to vacuum a table of this size.
  CrmDatabaseDeadRows: { share: 0.5, rows: 10000, 'for': '30m' },

  // In an hour 12 checkpoints are due (checkpoint_timeout, 5 minutes): at least half as many came on demand. Lower it where
  // checkpoint_timeout is longer.
  CrmDatabaseCheckpointsRequested: { limit: 5, range: '1h', 'for': '5m' },

  // medium: a fifth is left, months at most rates, enough to plan a change of type. high: a twentieth is left, and an
  // import may take it in a night. `for`: only against a single odd sample, for numbers handed out do not come back.
  CrmDatabaseSequenceNearEnd: { share: { medium: 0.8, high: 0.95 }, 'for': '1m' },
}
