// Limits of database_log.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // Each rotation begins a file at once: a log is not missing for a moment. `seconds`: how much later than the file that is
  // read a file of the server was written. Both are looked at once a minute at least.
  // `keep_firing_for`: until the query that lists the folder has run again, so that its failure is not told after the end.
  CrmDatabaseLogMissing: { seconds: 300, 'for': '5m', keep_firing_for: '2m' },

  // As for access logs (access_log.libsonnet): a server writes far less.
  CrmDatabaseLogBehind: { seconds: 60, 'for': '5m' },

  // Normally nothing: one program writes the file. `lines`: how many there must be at least. A crash cuts one record off.
  CrmDatabaseLogNotParsed: { share: 0.05, lines: 10, range: '15m', 'for': '5m' },
}
