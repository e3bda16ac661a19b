// PostgreSQL's logs: whether what errors are counted by still arrives, is read in time, and is understood.
function(config=(import 'config.libsonnet').defaults)
  local selectors = config.selectors;
  local elsewhere = import 'lib/log_elsewhere.libsonnet';
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
          // A file that the server no longer writes stays where it is; also where it writes to another folder now. It writes
          // each format that is on at the same time.
          gone(known, limits)::
            ' or max by (job, instance) (%s) and on (instance) max by (instance) (%s) == 0'
            % [known.gauge('pantrywatch_database_log_file_up'), known.gauge('pantrywatch_database_logs_errors')]
            + ' or max by (job, instance) (%s) and on (instance) %s'
              % [
                known.gauge('pantrywatch_database_log_file_up'),
                elsewhere(
                  known.gauge('pantrywatch_database_logs_written_timestamp_seconds'),
                  known.gauge('pantrywatch_database_logs_errors'),
                  known.gauge('pantrywatch_database_log_written_timestamp_seconds'),
                  limits.seconds
                ),
              ],
          missing: 'Or the server writes another one: in another folder, or neither as csvlog nor as jsonlog. First run pantrywatch-exporter validate, and SELECT pg_current_logfile() on the server.',
          format: 'csvlog or jsonlog',
          reasons: 'language is a server whose lc_messages is not English, syntax another format.',
          unseen: 'Its errors are not counted: db-error-rate has no data.',
          late: 'Errors are seen late, and until the end is reached db-error-rate has no data.',
          unread: 'Errors may be missing: db-error-rate has no data.',
        }),
      },
    ],
  }
