// Access logs: whether what requests are counted by still arrives, is read in time, and is understood.
local numbers = import 'lib/numbers.libsonnet';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local known = (import 'lib/known.libsonnet')(time);
  local words = time.words;
  local last = time.last;
  // Counters of the exporter are there from its start, at 0: plain increases.
  local increase(selector, range) = 'increase(%s[%s])' % [selector, time.duration(range)];
  // Other lines of an application that logs everything into one file are no fault.
  local failed = 'pantrywatch_access_log_lines_not_parsed_total{reason!="unrelated"}';
  local by = 'job, instance, file';

  {
    groups: [
      {
        name: 'access_log.alerts',
        rules: [
          alert('CrmApiLogMissing', 'medium', function(limits) {
            component: 'access-log',
            narrow_by: ['instance'],
            type: 'error',
            expr: 'min by (%s) (%s) == 0' % [by, known.gauge('pantrywatch_access_log_file_up')],
            summary: 'The access log {{ $labels.file }} is missing or cannot be read.',
            description: 'The exporter has not been able to read it for ' + words(limits['for']) + '. First check that the file is there and that the user of the exporter may read it.',
            impact: 'Its requests are not counted: errors and slow responses are not seen where the application has no metrics of its own.',
          }),
          alert('CrmApiLogBehind', 'medium', function(limits) {
            component: 'access-log',
            narrow_by: ['instance'],
            expr: 'max by (%s) (%s) > %s' % [by, known.gauge('pantrywatch_access_log_lag_seconds'), numbers.decimal(limits.seconds)],
            summary: 'Reading of the access log {{ $labels.file }} is {{ $value | humanizeDuration }} behind (limit %ds).' % limits.seconds,
            description: 'The end of the log has not been reached for ' + words(limits['for']) + '. First check the processor and the disk of the machine, then how many lines are written.',
            impact: 'Errors and slow responses are seen late; lines beyond the limit of the backlog are never counted.',
          }),
          alert('CrmApiLogNotParsed', 'medium', function(limits) {
            component: 'access-log',
            narrow_by: ['instance'],
            type: 'error',
            expr: |||
              sum by (%(by)s) (%(failed)s) / (sum by (%(by)s) (%(lines)s) > 0) > %(share)s
                and on (%(by)s) sum by (%(by)s) (%(failed)s) >= %(least)s
            ||| % {
              by: by,
              failed: increase(failed, limits.range),
              lines: increase('pantrywatch_access_log_lines_total', limits.range),
              share: numbers.decimal(limits.share),
              least: time.count(limits.lines),
            },
            summary: '{{ $value | humanizePercentage }} of the lines of the access log {{ $labels.file }} are not understood (limit ' + numbers.percent(limits.share) + ').',
            description: 'Share of lines that are not in the format of the settings in the ' + last(limits.range) + '. First check the reason: time is a log without the time taken, syntax another format.',
            impact: 'The targets are judged by the requests that are left: errors may be missing.',
          }),
        ],
      },
    ],
  }
