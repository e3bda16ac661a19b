// Access logs: whether what requests are counted by still arrives, is read in time, and is understood.
function(config=(import 'config.libsonnet').defaults)
  {
    groups: [
      {
        name: 'access_log.alerts',
        rules: (import 'lib/log_alerts.libsonnet')(config, {
          name: 'CrmApiLog',
          metrics: 'pantrywatch_access_log',
          by: 'job, instance, file',
          component: 'access-log',
          words: 'access log {{ $labels.file }}',
          // Other lines of an application that logs everything into one file are no fault.
          ignored: '{reason!="unrelated"}',
          gone(known, limits):: '',
          missing: 'First check that the file is there and that the user of the exporter may read it.',
          format: 'the format of the settings',
          reasons: 'time is a log without the time taken, syntax another format.',
          unseen: 'Its requests are not counted: errors and slow responses are not seen where the application has no metrics of its own.',
          late: 'Errors and slow responses are seen late; lines beyond the limit of the backlog are never counted.',
          unread: 'The targets are judged by the requests that are left: errors may be missing.',
        }),
      },
    ],
  }
