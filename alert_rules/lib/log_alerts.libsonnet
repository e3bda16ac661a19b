// Whether a log that is followed still arrives, is read in time, and is understood: three alerts for each kind of log.
local numbers = import 'numbers.libsonnet';

// `log` says what kind it is:
//   name         of the alerts: name + 'Missing', 'Behind', 'NotParsed'
//   metrics      what the names of its metrics begin with
//   by           the labels of one log
//   component    one of components.libsonnet
//   words        one log, in a summary
//   ignored      matchers of lines that are no fault
//   gone         what else is a missing log
//   missing      first step where it is missing
//   failed       what lines are that are not understood, and the first step
//   unseen, late, unread   what it means for users, of the three
function(config, log)
  local alert = (import 'alert.libsonnet')(config);
  local time = (import 'time.libsonnet')(config.speed);
  local known = (import 'known.libsonnet')(time);
  local words = time.words;
  local last = time.last;
  // Counters of the exporters are there from their start, at 0: plain increases.
  local increase(selector, range) = 'increase(%s_%s[%s])' % [log.metrics, selector, time.duration(range)];

  [
    alert(log.name + 'Missing', 'medium', function(limits) {
      component: log.component,
      narrow_by: ['instance'],
      type: 'error',
      expr: 'min by (%s) (%s) == 0%s' % [log.by, known.gauge(log.metrics + '_file_up'), log.gone(known, limits)],
      summary: 'The %s is missing or cannot be read.' % log.words,
      description: 'The exporter has not been able to read it for ' + words(limits['for']) + '. ' + log.missing,
      impact: log.unseen,
    }),
    alert(log.name + 'Behind', 'medium', function(limits) {
      component: log.component,
      narrow_by: ['instance'],
      expr: 'max by (%s) (%s) > %s' % [log.by, known.gauge(log.metrics + '_lag_seconds'), numbers.decimal(limits.seconds)],
      summary: 'Reading of the %s is {{ $value | humanizeDuration }} behind (limit %ds).' % [log.words, limits.seconds],
      description: 'The end of the log has not been reached for ' + words(limits['for']) + '. First check the processor and the disk of the machine, then how many lines are written.',
      impact: log.late,
    }),
    alert(log.name + 'NotParsed', 'medium', function(limits) {
      component: log.component,
      narrow_by: ['instance'],
      type: 'error',
      expr: |||
        sum by (%(by)s) (%(failed)s) / (sum by (%(by)s) (%(lines)s) > 0) > %(share)s
          and on (%(by)s) sum by (%(by)s) (%(failed)s) >= %(least)s
      ||| % {
        by: log.by,
        failed: increase('lines_not_parsed_total' + log.ignored, limits.range),
        lines: increase('lines_total', limits.range),
        share: numbers.decimal(limits.share),
        least: time.count(limits.lines),
      },
      summary: '{{ $value | humanizePercentage }} of the lines of the %s are not understood (limit %s).' % [log.words, numbers.percent(limits.share)],
      description: 'Share of lines that are not in ' + log.format + ' in the ' + last(limits.range) + '. First check the reason: ' + log.reasons,
      impact: log.unread,
    }),
  ]
