// The monitoring watches itself: what must hold before any other alert can be believed.
local numbers = import 'lib/numbers.libsonnet';
local decimal = numbers.decimal;
local percent = numbers.percent;

// Counters of which any growth is a fault; which one it was becomes a label. Joined with `or`: a version of Prometheus
// that lacks one of them still reports the others.
local any_growth(counters, range, label) = std.join('\n  or ', [
  'label_replace(sum by (job, instance) (increase(%s[%s])) > 0, "%s", "%s", "", "")'
  % [counters[what], range, label, what]
  for what in std.objectFields(counters)
]) + '\n';

// What is lost while a task of the scheduler fails; the daily one has an alert of its own.
local lost = '{{ if eq $labels.task "report" }}Nobody receives the report by mail; three days after it was due it is given up.'
             + '{{ else if eq $labels.task "advice" }}It is not known whether advice that was applied has helped.'
             + '{{ else }}What the task does is not done.{{ end }}';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local words = time.words;
  local last = time.last;
  local known = (import 'lib/known.libsonnet')(time);

  {
    groups: [
      {
        name: 'monitoring.alerts',
        rules: [
          alert('Watchdog', 'none', function(limits) {
            component: 'prometheus',
            // Age of the newest sample: a Prometheus that cannot store evaluates what it has, and finds nothing wrong.
            expr: 'vector(time()) and on () max(timestamp(up)) > time() - %d' % limits.seconds,
            summary: 'The alerting pipeline works.',
            description: 'This alert fires as long as samples arrive. Whoever stops receiving it has no alerting.',
            impact: 'None while it keeps arriving.',
            // The heartbeat tells by it what Prometheus sends from what Alertmanager remembers of a dead one.
          }) + { annotations+: { evaluated_at: '{{ $value | printf "%.0f" }}' } },
          alert('CrmMonitoringNothingStored', 'critical', function(limits) {
            component: 'prometheus',
            type: 'error',
            expr: 'time() - max(timestamp(up)) > %d or absent(up)' % limits.seconds,
            summary: 'Prometheus has not stored a sample for ' + words(limits['for']) + '.',
            description: 'It evaluates its rules over old samples, and soon over none: no other alert can fire. First check whether its disk is full.',
            impact: 'The state of the application is unknown from here on, and nobody is notified of anything.',
          }),
          alert('CrmMonitoringTargetDown', 'high', function(limits) {
            component: 'scrape',
            type: 'error',
            // A gap in which Prometheus itself did not scrape ends nothing.
            expr: 'last_over_time(up[%s]) == 0' % duration('15m'),
            summary: 'Prometheus cannot scrape {{ $labels.job }}/{{ $labels.instance }}.',
            description: 'The target has not responded to a scrape for ' + words(limits['for']) + '. Our own exporters respond even when what they watch is down, so the exporter itself or the network to it is broken.',
            impact: 'Everything measured by this target is unknown.',
          }),
          alert('CrmMonitoringCollectorFailing', 'medium', function(limits) {
            component: 'collector',
            type: 'error',
            // Whatever the class: one that fails in two ways in turn never has either for long.
            expr: 'max by (job, instance, exporter, collector) (%s) > 0' % known.gauge('pantrywatch_collector_error'),
            summary: 'Collector {{ $labels.exporter }}/{{ $labels.collector }} on {{ $labels.instance }} fails'
                     + '{{ with printf "topk(1, count by (class) (pantrywatch_collector_error{job=%q,instance=%q,exporter=%q,collector=%q}))" $labels.job $labels.instance $labels.exporter $labels.collector | query }}'
                     + ': {{ . | first | label "class" }}{{ end }}.',
            description: 'The collector has failed for ' + words(limits['for']) + '. Its metrics are missing, not zero. First look at the class of its error now.',
            impact: 'Panels and alerts that use these metrics are blind.',
          }),
          alert('CrmMonitoringCheckNotRun', 'high', function(limits) {
            component: 'check',
            narrow_by: ['check', 'kind'],
            type: 'error',
            // A check that has not run yet counts from when its exporter was started: its first run is not due at once.
            expr: '(%s or %s) > %d * %s' % [
              // While nobody can ask the exporter its checks grow no older: that is CrmMonitoringTargetDown's.
              known.age('pantrywatch_check_last_run_timestamp_seconds'),
              known.age('pantrywatch_check_scheduled_timestamp_seconds'),
              limits.intervals,
              known.gauge('pantrywatch_check_interval_seconds'),
            ],
            summary: 'Check {{ $labels.check }} is not running.',
            description: 'The check has not run for more than ' + limits.intervals + ' of its intervals. This says nothing about what it checks.',
            impact: 'The availability this check feeds is unknown.',
          }),
          // Low: somebody may have decided so. No reason to disturb anybody, but never silent.
          alert('CrmMonitoringPrivilegeMissing', 'low', function(limits) {
            component: 'collector',
            type: 'error',
            expr: known.gauge('pantrywatch_privilege_granted') + ' == 0',
            summary: 'The {{ $labels.exporter }} exporter lacks {{ $labels.privilege }} on {{ $labels.instance }}.',
            description: 'Some metrics are missing for lack of a privilege or an extension; `pantrywatch-exporter validate` prints what grants it.',
            impact: 'Panels and alerts that use these metrics are blind.',
          }),
          alert('CrmMonitoringQueryStale', 'medium', function(limits) {
            component: 'collector',
            type: 'error',
            expr: '%s > %d' % [known.age('pantrywatch_query_last_success_timestamp_seconds'), limits.seconds],
            summary: 'Query {{ $labels.query }} on {{ $labels.instance }} last succeeded {{ $value | humanizeDuration }} ago (limit ' + (limits.seconds / 60) + 'm).',
            description: 'This background query fails, is too slow, or no longer runs. First check CrmMonitoringCollectorFailing for its error class.',
            impact: 'Its metrics are missing: panels and alerts that use them are blind.',
          }),
          alert('CrmMonitoringScrapeSlow', 'medium', function(limits) {
            component: 'scrape',
            expr: 'last_over_time(scrape_duration_seconds[%s]) > %s' % [duration('15m'), decimal(limits.seconds)],
            summary: 'Scraping {{ $labels.job }}/{{ $labels.instance }} takes {{ $value | humanizeDuration }} (limit ' + decimal(limits.seconds) + 's).',
            description: 'Scrapes have come close to their timeout for ' + words(limits['for']) + '. First check the collector durations on this target.',
            impact: 'None yet; a little slower, and all of its metrics are lost.',
          }),
          alert('CrmMonitoringSamplesRejected', 'medium', function(limits) {
            component: 'scrape',
            type: 'error',
            expr: any_growth({
              'duplicate timestamp': 'prometheus_target_scrapes_sample_duplicate_timestamp_total',
              'out of order': 'prometheus_target_scrapes_sample_out_of_order_total',
              'out of bounds': 'prometheus_target_scrapes_sample_out_of_bounds_total',
              'sample limit': 'prometheus_target_scrapes_exceeded_sample_limit_total',
            }, duration(limits.range), 'reason'),
            summary: 'Prometheus rejects samples: {{ $labels.reason }}.',
            description: 'Samples have been dropped for ' + words(limits['for']) + '. First check the Prometheus log for the target, and whether two jobs scrape the same one.',
            impact: 'Graphs have gaps, and sums may be too small.',
          }),
          alert('CrmMonitoringSourcesMixed', 'medium', function(limits) {
            component: 'prometheus',
            type: 'error',
            // Prometheus stores both as one series and says nothing. A start time that is older than one seen before, while
            // that one is not new: not a restart. Of one server, as two jobs see it: they are two servers.
            expr: std.join('\n  or ', [
              'max by (job, instance) (%(newest)s - min_over_time(%(start)s[%(range)s]) > %(seconds)d and %(newest)s - max_over_time(%(start)s[%(range)s] offset %(before)s) < %(seconds)d)'
              % {
                start: start,
                newest: 'max_over_time(%s[%s])' % [start, duration(limits.range)],
                range: duration(limits.range),
                before: duration(limits.before),
                seconds: limits.seconds,
              }
              for start in ['process_start_time_seconds', 'pg_postmaster_start_time_seconds', 'redis_start_time_seconds', 'node_boot_time_seconds']
            ] + [
              // Of either the last one known: one lost scrape does not matter.
              'max by (instance) (last_over_time(%(start)s[%(range)s])) - on (instance) min by (instance) (last_over_time(%(start)s[%(range)s])) > %(seconds)d'
              % { start: start, range: duration(limits.range), seconds: limits.seconds }
              for start in ['pg_postmaster_start_time_seconds', 'redis_start_time_seconds']
            ]) + '\n',
            summary: 'Two sources report as {{ with $labels.job }}{{ . }}/{{ end }}{{ $labels.instance }}: their start times differ by {{ $value | humanizeDuration }} (limit ' + limits.seconds + 's).',
            description: 'For ' + words(limits['for']) + ' two servers or processes have been stored under one name. First check the addresses that Prometheus scrapes under it, and whether one is a load balancer.',
            impact: 'Every figure of this instance is a mixture: rates are wrong, and alerts fire or stay away by chance.',
          }),
          alert('CrmMonitoringSeriesGrowth', 'low', function(limits) {
            component: 'prometheus',
            expr: '%s > %s * min_over_time(prometheus_tsdb_head_series[%s]) + %d'
                  % [known.gauge('prometheus_tsdb_head_series'), decimal(limits.factor), duration(limits.range), limits.series],
            summary: 'Prometheus holds {{ $value | humanize }} series, and the number is growing.',
            description: 'It has grown to more than ' + decimal(limits.factor) + ' times the lowest number of the ' + last(limits.range) + '. First check for a label whose values keep changing (the query is in the runbook).',
            impact: 'None yet; Prometheus will run out of memory and disk.',
          }),
          alert('CrmMonitoringRuleFailing', 'high', function(limits) {
            component: 'prometheus',
            type: 'error',
            expr: 'sum by (job, instance, rule_group) (increase(prometheus_rule_evaluation_failures_total[%s])) > 0' % duration(limits.range),
            summary: 'Rules of {{ $labels.rule_group }} cannot be evaluated.',
            description: 'A rule failed in the ' + last(limits.range) + '. First check Status > Rules in Prometheus for the error.',
            impact: 'Alerts of this group may not fire, and figures of targets may be missing.',
          }),
          alert('CrmMonitoringRuleGroupSlow', 'medium', function(limits) {
            component: 'prometheus',
            expr: |||
              %s
                > on (job, instance, rule_group) %s
            ||| % [known.gauge('prometheus_rule_group_last_duration_seconds'), known.gauge('prometheus_rule_group_interval_seconds')],
            summary: 'Evaluating {{ $labels.rule_group }} takes {{ $value | humanizeDuration }}, longer than its interval.',
            description: 'Evaluations have been skipped for ' + words(limits['for']) + '. First check the load of Prometheus and its machine.',
            impact: 'Alerts arrive late, and budgets are computed with gaps.',
          }),
          alert('CrmMonitoringAlertmanagerUnknown', 'critical', function(limits) {
            component: 'alertmanager',
            type: 'error',
            // It reaches nobody by itself: the missing Watchdog does.
            expr: known.gauge('prometheus_notifications_alertmanagers_discovered') + ' < 1',
            summary: 'Prometheus ({{ $labels.instance }}) has no Alertmanager.',
            description: 'For ' + words(limits['for']) + ' there has been no Alertmanager to send alerts to. First check targets/alertmanager.json.',
            impact: 'Nobody is notified of anything.',
          }),
          alert('CrmMonitoringAlertsDropped', 'critical', function(limits) {
            component: 'alertmanager',
            type: 'error',
            expr: 'sum by (job, instance) (increase(prometheus_notifications_dropped_total[%s])) > 0' % duration(limits.range),
            summary: 'Prometheus ({{ $labels.instance }}) dropped {{ $value | humanize }} alerts in the ' + last(limits.range) + '.',
            description: 'It could not deliver them to any Alertmanager. First check whether Alertmanager is running and reachable.',
            impact: 'Alerts that fire now may reach nobody.',
          }),
          alert('CrmMonitoringNotificationQueueFilling', 'high', function(limits) {
            component: 'alertmanager',
            // Prometheus 3 has a queue for each Alertmanager.
            expr: |||
              max by (job, instance) (%s)
                / on (job, instance) (max by (job, instance) (%s) > 0) > %s
            ||| % [
              known.gauge('prometheus_notifications_queue_length'),
              known.gauge('prometheus_notifications_queue_capacity'),
              decimal(limits.share),
            ],
            summary: 'The alert queue of Prometheus ({{ $labels.instance }}) is {{ $value | humanizePercentage }} full (limit ' + percent(limits.share) + ').',
            description: 'Alertmanager has not kept up for ' + words(limits['for']) + '. First check its load, and whether it is reachable.',
            impact: 'Alerts arrive late; when the queue is full they are lost.',
          }),
          alert('CrmMonitoringNotificationsFailing', 'high', function(limits) {
            component: 'alertmanager',
            type: 'error',
            expr: 'sum by (job, instance, integration) (increase(alertmanager_notifications_failed_total[%s])) > 0' % duration(limits.range),
            summary: 'Alertmanager ({{ $labels.instance }}) cannot notify by {{ $labels.integration }}.',
            description: 'A notification failed for good in the ' + last(limits.range) + '. First check its log: address, password, certificate, or the receiver is down.',
            impact: 'People who rely on this channel are not notified.',
          }),
          alert('CrmMonitoringConfigReloadFailed', 'high', function(limits) {
            component: 'prometheus',
            type: 'error',
            expr: '%s == 0 or %s == 0' % [
              known.gauge('prometheus_config_last_reload_successful'),
              known.gauge('alertmanager_config_last_reload_successful'),
            ],
            summary: '{{ $labels.instance }} (job {{ $labels.job }}) rejected its new configuration.',
            description: 'It keeps running with the old one, but will not start again after a restart. First check what `promtool check config` or `amtool check-config` says.',
            impact: 'Changes to rules, targets and receivers have no effect.',
          }),
          alert('CrmMonitoringStorageFailing', 'high', function(limits) {
            component: 'prometheus',
            type: 'error',
            expr: any_growth({
              compaction: 'prometheus_tsdb_compactions_failed_total',
              reload: 'prometheus_tsdb_reloads_failures_total',
              'head truncation': 'prometheus_tsdb_head_truncations_failed_total',
              'checkpoint creation': 'prometheus_tsdb_checkpoint_creations_failed_total',
              'checkpoint deletion': 'prometheus_tsdb_checkpoint_deletions_failed_total',
              'WAL truncation': 'prometheus_tsdb_wal_truncations_failed_total',
              'WAL write': 'prometheus_tsdb_wal_writes_failed_total',
              'WAL corruption': 'prometheus_tsdb_wal_corruptions_total',
            }, duration(limits.range), 'operation'),
            summary: 'Storage of Prometheus ({{ $labels.instance }}) is failing: {{ $labels.operation }}.',
            description: 'A disk operation failed in the ' + last(limits.range) + '. First check whether the disk is full or broken, then the log.',
            impact: "Samples, and with them the month's budgets, may be lost.",
          }),
          alert('CrmMonitoringStoreBehind', 'medium', function(limits) {
            component: 'prometheus',
            type: 'error',
            // A queue that has sent nothing since its start has no such time yet: the start is the next best.
            expr: |||
              max by (job, instance, url) (%(sent)s) > %(seconds)d
                or max by (job, instance, url) (
                  (%(queue)s unless on (job, instance, url) %(last)s) * 0 + on (job, instance) group_left () (time() - %(start)s)
                ) > %(seconds)d
            ||| % {
              sent: known.age('prometheus_remote_storage_queue_highest_sent_timestamp_seconds'),
              last: known.gauge('prometheus_remote_storage_queue_highest_sent_timestamp_seconds'),
              queue: known.gauge('prometheus_remote_storage_shards'),
              start: 'last_over_time(process_start_time_seconds[%s])' % duration('15m'),
              seconds: limits.seconds,
            },
            summary: 'The store {{ $labels.url }} has received nothing from Prometheus ({{ $labels.instance }}) for {{ $value | humanizeDuration }}.',
            description: 'Prometheus keeps trying, and has what is missing for two hours. First check whether the store answers, and what its log and that of Prometheus say.',
            impact: 'Boards and reports that read the store show an earlier state. Alerts do not depend on it.',
          }),
          alert('CrmMonitoringStoreRefuses', 'medium', function(limits) {
            component: 'prometheus',
            type: 'error',
            expr: 'sum by (job, instance, url) (increase(prometheus_remote_storage_samples_failed_total[%s])) > 0' % duration(limits.range),
            summary: 'The store {{ $labels.url }} refuses samples of Prometheus ({{ $labels.instance }}): {{ $value | humanize }} in the ' + last(limits.range) + '.',
            description: 'They are lost there: what is refused is not sent again. First check the answer of the store in the log of Prometheus: a login, a limit, or samples that are too old.',
            impact: 'Boards and reports that read the store have gaps. Alerts do not depend on it.',
          }),
          alert('CrmMonitoringRetentionShort', 'medium', function(limits) {
            component: 'prometheus',
            type: 'error',
            // A limit below that is known where Prometheus exports it (3.x). Elsewhere, and where a limit of size is the
            // cause: what is deleted must be older than that; a young server deletes nothing.
            expr: |||
              (%(limit)s > 0) < %(days)d * 86400
                or time() - %(lowest)s < %(days)d * 86400
                  and on (job, instance)
                    increase(prometheus_tsdb_time_retentions_total[%(range)s]) + on (job, instance) increase(prometheus_tsdb_size_retentions_total[%(range)s]) > 0
            ||| % {
              limit: known.gauge('prometheus_tsdb_retention_limit_seconds'),
              lowest: known.gauge('prometheus_tsdb_lowest_timestamp_seconds'),
              days: limits.days,
              range: duration(limits.range),
            },
            summary: 'Prometheus ({{ $labels.instance }}) keeps {{ $value | humanizeDuration }} of samples (needed: ' + limits.days + ' days).',
            description: 'Samples younger than ' + limits.days + ' days are deleted. First check the flags --storage.tsdb.retention.time and .size, and raise them.',
            impact: 'Budgets cover less than ' + limits.days + ' days: they look better or worse than they are.',
          }),
          alert('CrmMonitoringLongMemoryBehind', 'medium', function(limits) {
            component: 'scheduler',
            type: 'error',
            expr: known.age('pantrywatch_scheduler_last_success_timestamp_seconds{task="daily"}') + ' > %d' % limits.seconds,
            summary: 'The scheduler ({{ $labels.instance }}) last succeeded {{ $value | humanizeDuration }} ago (limit ' + (limits.seconds / 3600) + 'h).',
            description: 'It cannot ask Prometheus, or cannot write its file. First check its log for the reason.',
            impact: 'None yet: it fills the days it missed. Those older than Prometheus keeps samples will be missing from the 13 months.',
          }),
          alert('CrmMonitoringTaskFailing', 'low', function(limits) {
            component: 'scheduler',
            type: 'error',
            // What hangs has no failed run, and a scheduler that was started anew has no age: each by the other.
            expr: |||
              %(age)s > %(seconds)d
                or %(age)s and on (job, instance, task) %(success)s == 0
            ||| % {
              age: known.age('pantrywatch_scheduler_last_success_timestamp_seconds{task!="daily"}'),
              success: known.gauge('pantrywatch_scheduler_success{task!="daily"}'),
              seconds: limits.seconds,
            },
            summary: 'Task {{ $labels.task }} of the scheduler ({{ $labels.instance }}) has not succeeded for {{ $value | humanizeDuration }}.',
            description: 'It fails each time it is tried again, at least every 10 minutes, or hangs. The time counts from its last success, or from a later start of the scheduler. First check its log for the reason.',
            impact: lost,
          }),
          alert('CrmMonitoringLongMemoryDamaged', 'low', function(limits) {
            component: 'scheduler',
            type: 'error',
            expr: known.gauge('pantrywatch_scheduler_damaged_files') + ' > 0',
            summary: 'The long memory of the scheduler ({{ $labels.instance }}) was damaged.',
            description: 'Lines of its file could not be read, {{ $value }} damaged files are kept next to it. First check its log for the lines, then restore a backup or remove those files.',
            impact: 'Days of the 13 months may be missing: those that Prometheus has no samples of.',
          }),
        ],
      },
    ],
  }
