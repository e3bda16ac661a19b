// Limits of access_log.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // A rotation leaves no file for a moment, a restart of the web server for some seconds. Raise it where the log appears with
  // the first request of the day.
  CrmApiLogMissing: { 'for': '5m' },

  // Reading takes 3 s for a million lines. Behind for a minute: the processor is taken, the disk is slow, or a backlog is read
  // after a stop, which five minutes allow for.
  CrmApiLogBehind: { seconds: 60, 'for': '5m' },

  // Normally nothing: scanners send what no format can hold, a few lines an hour. `lines`: how many there must be at least.
  // Raise `share` where a file holds more than requests on purpose.
  CrmApiLogNotParsed: { share: 0.05, lines: 100, range: '15m', 'for': '5m' },
}
