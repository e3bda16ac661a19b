// The monitoring watches itself: what must hold before any other alert can be believed.
local alert = (import 'lib/alert.libsonnet').alert;

// Counters of which any growth is a fault; which one it was becomes a label. Joined with `or`: a version of Prometheus
// that lacks one of them still tells of the others.
local any_growth(counters, range, label) = std.join('\n  or ', [
  'label_replace(sum by (job, instance) (increase(%s[%s])) > 0, "%s", "%s", "", "")'
  % [counters[what], range, label, what]
  for what in std.objectFields(counters)
]) + '\n';

// Eight scrapes.
local fresh_seconds = 120;

{
  groups: [
    {
      name: 'monitoring.alerts',
      rules: [
        alert(
          'Watchdog',
          'none',
          'prometheus',
          // Of the newest sample: a Prometheus that cannot store evaluates what it has, and finds nothing wrong.
          'vector(1) and on () max(timestamp(up)) > time() - %d' % fresh_seconds,
          '0s',
          'The alerting pipeline works.',
          'This alert fires as long as samples arrive. Whoever stops receiving it has no alerting.',
          'None while it arrives.',
        ),
        alert(
          'CrmMonitoringNothingStored',
          'critical',
          'prometheus',
          'time() - max(timestamp(up)) > %d or absent(up)' % fresh_seconds,
          // Longer than a start takes until its first sample.
          '3m',
          'Prometheus has stored no sample for minutes.',
          'It evaluates its rules over what it had, and then over nothing: no other alert can come. Look first whether its disk is full.',
          'Nothing is known of the application from here on, and nobody is told of anything.',
          type='error',
        ),
        alert(
          'CrmMonitoringTargetDown',
          'high',
          'scrape',
          'up == 0',
          // Four scrapes: one that is lost on the way is no outage.
          '1m',
          'Prometheus cannot scrape {{ $labels.job }}/{{ $labels.instance }}.',
          'The target has not answered a scrape for a minute. An exporter of ours answers even when what it watches is down, so the exporter itself or the way to it is broken.',
          'Everything measured by this target is unknown now.',
          type='error',
        ),
        alert(
          'CrmMonitoringCollectorFailing',
          'medium',
          'collector',
          'pantrywatch_collector_error > 0',
          // Long enough that a restart of the watched server is over.
          '5m',
          'Collector {{ $labels.exporter }}/{{ $labels.collector }} on {{ $labels.instance }} fails: {{ $labels.class }}.',
          'The collector has failed for 5 minutes with the class {{ $labels.class }}. Its metrics are missing, not zero.',
          'Panels and alerts that use these metrics are blind.',
          type='error',
        ),
        alert(
          'CrmMonitoringCheckNotRun',
          'high',
          'check',
          // Four intervals: the check itself gives up within one. A check that has never run has no time at all.
          |||
            time() - pantrywatch_check_last_run_timestamp_seconds > 4 * pantrywatch_check_interval_seconds
              or (pantrywatch_check_interval_seconds unless pantrywatch_check_last_run_timestamp_seconds)
          |||,
          '1m',
          'Check {{ $labels.check }} does not run.',
          'The check has not run for more than four of its intervals. This says nothing about what it checks.',
          'The availability this check feeds is unknown now.',
          type='error',
        ),
        alert(
          'CrmMonitoringPrivilegeMissing',
          // Somebody may have decided so: no reason to disturb anybody, but never silent.
          'low',
          'collector',
          'pantrywatch_privilege_granted == 0',
          // Longer than it takes to set up a server by hand.
          '15m',
          'The {{ $labels.exporter }} exporter lacks {{ $labels.privilege }} on {{ $labels.instance }}.',
          'Some metrics are missing for want of a privilege or an extension; `pantrywatch-exporter validate` prints what grants it.',
          'Panels and alerts that use these metrics are blind.',
          type='error',
        ),
        alert(
          'CrmMonitoringQueryStale',
          'medium',
          'collector',
          // Twelve times the longest interval of the queries shipped (five minutes). Raise it with `intervals`.
          'time() - pantrywatch_query_last_success_timestamp_seconds > 3600',
          '5m',
          'Query {{ $labels.query }} on {{ $labels.instance }} last succeeded {{ $value | humanizeDuration }} ago (limit 1 h).',
          'This background query fails, is too slow, or no longer runs. Look first at CrmMonitoringCollectorFailing for its class.',
          'Its metrics are missing: panels and alerts that use them are blind.',
          type='error',
        ),
        alert(
          'CrmMonitoringScrapeSlow',
          'medium',
          'scrape',
          // Three quarters of the scrape_timeout of 10 s in prometheus.yml: beyond that, samples are lost.
          'scrape_duration_seconds > 7.5',
          // Twenty scrapes: a frozen server is found out and reported before.
          '5m',
          'A scrape of {{ $labels.job }}/{{ $labels.instance }} takes {{ $value | humanizeDuration }} (limit 10 s).',
          'For 5 minutes it has nearly taken the time it is given. Look first at the durations of the collectors on this target.',
          'None yet; a little slower, and all of its metrics are lost.',
        ),
        alert(
          'CrmMonitoringSamplesRejected',
          'medium',
          'scrape',
          any_growth({
            'duplicate timestamp': 'prometheus_target_scrapes_sample_duplicate_timestamp_total',
            'out of order': 'prometheus_target_scrapes_sample_out_of_order_total',
            'out of bounds': 'prometheus_target_scrapes_sample_out_of_bounds_total',
            'sample limit': 'prometheus_target_scrapes_exceeded_sample_limit_total',
          }, '5m', 'reason'),
          // A clock that is set may cost a few samples, once.
          '15m',
          'Prometheus rejects samples: {{ $labels.reason }}.',
          'For 15 minutes samples have been dropped. Look first into the log of Prometheus for the target, and whether two jobs scrape the same one.',
          'Graphs have holes, and sums may be too small.',
          type='error',
        ),
        alert(
          'CrmMonitoringSeriesGrowth',
          'low',
          'prometheus',
          // Half as many again, and ten thousand more than within the last six hours: a new target of ours brings one to
          // two thousand. Raise the second number with the size of the installation.
          'prometheus_tsdb_head_series > 1.5 * min_over_time(prometheus_tsdb_head_series[6h]) + 10000',
          // A deployment doubles the series of what it replaces until the next compaction.
          '30m',
          'Prometheus holds {{ $value | humanize }} series, and their number grows.',
          'It has grown by more than half within 6 hours. Look first for a label with ever new values (the query is in the runbook).',
          'None yet; memory and disk of Prometheus run out.',
        ),
        alert(
          'CrmMonitoringRuleFailing',
          'high',
          'prometheus',
          // Not one is normal.
          'sum by (job, instance, rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0',
          '1m',
          'Rules of {{ $labels.rule_group }} cannot be evaluated.',
          'In the last 5 minutes a rule failed. Look first at Status > Rules in Prometheus for the error.',
          'Alerts of this group may not fire, and the numbers of targets may be missing.',
          type='error',
        ),
        alert(
          'CrmMonitoringRuleGroupSlow',
          'medium',
          'prometheus',
          |||
            prometheus_rule_group_last_duration_seconds
              > on (job, instance, rule_group) prometheus_rule_group_interval_seconds
          |||,
          // One evaluation beside a compaction may be slow.
          '5m',
          'Evaluating {{ $labels.rule_group }} takes {{ $value | humanizeDuration }}, longer than its interval.',
          'For 5 minutes evaluations have been skipped. Look first at the load of Prometheus and its machine.',
          'Alerts come late, and budgets are counted with holes.',
        ),
        alert(
          'CrmMonitoringAlertmanagerUnknown',
          'critical',
          'alertmanager',
          'prometheus_notifications_alertmanagers_discovered < 1',
          // Past a reload of the configuration. It reaches nobody by itself: the silence of the Watchdog does.
          '1m',
          'Prometheus ({{ $labels.instance }}) knows no Alertmanager.',
          'For a minute there has been nobody to send alerts to. Look first at targets/alertmanager.json.',
          'Nobody is told of anything.',
          type='error',
        ),
        alert(
          'CrmMonitoringAlertsDropped',
          'critical',
          'alertmanager',
          // Dropped only after every Alertmanager refused or the queue was full: not one is normal.
          'sum by (job, instance) (increase(prometheus_notifications_dropped_total[5m])) > 0',
          '1m',
          'Prometheus ({{ $labels.instance }}) dropped {{ $value | humanize }} alerts within 5 minutes.',
          'It could not hand them to any Alertmanager. Look first whether Alertmanager runs and can be reached.',
          'Alerts that fire now may reach nobody.',
          type='error',
        ),
        alert(
          'CrmMonitoringNotificationQueueFilling',
          'high',
          'alertmanager',
          // Prometheus 3 has a queue for each Alertmanager. Half full is thousands of alerts behind.
          |||
            max by (job, instance) (prometheus_notifications_queue_length)
              / on (job, instance) (max by (job, instance) (prometheus_notifications_queue_capacity) > 0) > 0.5
          |||,
          '2m',
          'The queue of alerts of Prometheus ({{ $labels.instance }}) is {{ $value | humanizePercentage }} full (limit 50%).',
          'For 2 minutes Alertmanager has not kept up. Look first at its load, and whether it can be reached.',
          'Alerts come late; when the queue is full they are lost.',
        ),
        alert(
          'CrmMonitoringNotificationsFailing',
          'high',
          'alertmanager',
          // Alertmanager tries again by itself before it counts one as failed. Not one is normal.
          'sum by (job, instance, integration) (increase(alertmanager_notifications_failed_total[15m])) > 0',
          '1m',
          'Alertmanager ({{ $labels.instance }}) cannot notify by {{ $labels.integration }}.',
          'In the last 15 minutes a notification failed for good. Look first into its log: address, password, certificate, or the receiver is down.',
          'People who rely on this channel are not told.',
          type='error',
        ),
        alert(
          'CrmMonitoringConfigReloadFailed',
          'high',
          'prometheus',
          'prometheus_config_last_reload_successful == 0 or alertmanager_config_last_reload_successful == 0',
          // Past a second try with the mistake corrected.
          '5m',
          '{{ $labels.instance }} (job {{ $labels.job }}) refuses its new configuration.',
          'It goes on with the old one, and does not start after a restart. Look first at what `promtool check config` or `amtool check-config` says.',
          'Changed rules, targets and receivers have no effect.',
          type='error',
        ),
        alert(
          'CrmMonitoringStorageFailing',
          'high',
          'prometheus',
          any_growth({
            compaction: 'prometheus_tsdb_compactions_failed_total',
            reload: 'prometheus_tsdb_reloads_failures_total',
            'head truncation': 'prometheus_tsdb_head_truncations_failed_total',
            'checkpoint creation': 'prometheus_tsdb_checkpoint_creations_failed_total',
            'checkpoint deletion': 'prometheus_tsdb_checkpoint_deletions_failed_total',
            'WAL truncation': 'prometheus_tsdb_wal_truncations_failed_total',
            'WAL write': 'prometheus_tsdb_wal_writes_failed_total',
            'WAL corruption': 'prometheus_tsdb_wal_corruptions_total',
          }, '3h', 'operation'),
          // Most of these are tried every two hours: the range holds at least one try.
          '1m',
          'The storage of Prometheus ({{ $labels.instance }}) fails: {{ $labels.operation }}.',
          'Within the last 3 hours an operation on its disk failed. Look first whether the disk is full or broken, then into its log.',
          'Samples, and with them the budgets of the month, may be lost.',
          type='error',
        ),
        alert(
          'CrmMonitoringRetentionShort',
          'medium',
          'prometheus',
          // Budgets look back 30 days. A limit below that is known where Prometheus tells it (3.x). Elsewhere, and where
          // a limit of size is the cause: what is deleted must be older than 30 days; a young server deletes nothing.
          // Three days: the largest blocks of such a server span two.
          |||
            (prometheus_tsdb_retention_limit_seconds > 0) < 30 * 86400
              or time() - prometheus_tsdb_lowest_timestamp_seconds < 30 * 86400
                and on (job, instance)
                  increase(prometheus_tsdb_time_retentions_total[3d]) + on (job, instance) increase(prometheus_tsdb_size_retentions_total[3d]) > 0
          |||,
          // Past a reload of the data, when nothing is known for a moment.
          '15m',
          'Prometheus ({{ $labels.instance }}) keeps {{ $value | humanizeDuration }} of samples (needed: 30 days).',
          'Samples younger than 30 days are deleted. Look first at the flags --storage.tsdb.retention.time and .size, and raise them.',
          'Budgets of 30 days are counted over less: they look better or worse than they are.',
          type='error',
        ),
      ],
    },
  ],
}
