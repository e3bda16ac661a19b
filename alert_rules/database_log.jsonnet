// PostgreSQL's logs: whether what errors are counted by still arrives, is read in time, and is understood.
function(config=(import 'config.libsonnet').defaults)
  local selectors = config.selectors;
  {
    groups: [
      {
        name: 'database_log.alerts',
        rules: (import 'lib/log_alerts.libsonnet')(config, {
          name: 'CrmDatabaseLog',
          metrics: 'pantrywatch_database_log',
          by: 'job, instance',
          component: 'database-log',
          words: 'log of PostgreSQL {{ $labels.instance }}',
          ignored: '',
          // A file that the server no longer writes stays where it is.
          gone(known)::
            ' or max by (job, instance) (%s) and on (instance) max by (instance) (%s) == 0'
            % [known.gauge('pantrywatch_database_log_file_up'), known.gauge('pantrywatch_database_logs_errors')],
          missing: 'Or the server no longer writes its errors as csvlog or jsonlog. First run pantrywatch-exporter validate.',
          format: 'csvlog or jsonlog',
          reasons: 'language is a server whose lc_messages is not English, syntax another format.',
          unseen: 'Its errors are not counted: db-error-rate has no data.',
          late: 'Errors are seen late, and until the end is reached db-error-rate has no data.',
          unread: 'Errors may be missing: db-error-rate has no data.',
        }),
      },
    ],
  }
