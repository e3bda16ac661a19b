// From a rule to a person: evaluation, the queue to Alertmanager, the messages it sends.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local colors = panel.colors;

  [
    panel.timeseries(
      'Rule evaluation time',
      'Evaluation time of each rule group as a share of its interval. Good: a few percent. Above 100% evaluations are skipped: alerts are late.',
      'percentunit',
      [panel.query(
        'max by (rule_group) (label_replace(prometheus_rule_group_last_duration_seconds / (prometheus_rule_group_interval_seconds > 0), "rule_group", "$1", "rule_group", ".*;(.+)"))',
        '{{rule_group}}'
      )],
      'Prometheus does not scrape itself, or has no rules.',
    ) + panel.size(12, 9) + panel.limits([[null, colors.kept], [0.8, colors.near], [1, colors.broken]]) + panel.lines,

    panel.timeseries(
      'Failures',
      'Rule evaluations that failed or were skipped, and alerts that did not reach an Alertmanager. Good: none.',
      'ops',
      [
        panel.query('sum(rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))', 'rules failed'),
        panel.query('sum(rate(prometheus_rule_group_iterations_missed_total[$__rate_interval]))', 'evaluations skipped'),
        panel.query('sum(rate(prometheus_notifications_dropped_total[$__rate_interval]))', 'alerts dropped'),
        panel.query('sum(rate(prometheus_notifications_errors_total[$__rate_interval]))', 'alerts not delivered'),
        panel.query('sum(rate(alertmanager_notifications_failed_total[$__rate_interval]))', 'notifications failed'),
      ],
      'Neither Prometheus nor Alertmanager has been scraped twice in the last minutes.',
    ) + panel.size(12, 9) + panel.decimals(3),

    panel.timeseries(
      'Notifications by channel',
      'Notifications that Alertmanager sent, by channel. The heartbeat is sent every few minutes: a channel without any is not in use.',
      'ops',
      [panel.query('sum by (integration) (rate(alertmanager_notifications_total[$__rate_interval])) > 0', '{{integration}}')],
      'No notification was sent in the time range shown.',
    ) + panel.size(8, 8) + panel.decimals(3),

    panel.timeseries(
      'Alert queue',
      'Alerts waiting to be sent to Alertmanager, and the capacity of the queue. Good: near 0. Filling up: Alertmanager is down or slow.',
      'none',
      [
        panel.query('max(prometheus_notifications_queue_length)', 'waiting'),
        panel.query('max(prometheus_notifications_queue_capacity)', 'limit'),
      ],
      'Prometheus does not scrape itself.',
    ) + panel.size(8, 8) + panel.decimals(0) + panel.limit_series('limit'),

    panel.stat(
      'Silences and Alertmanagers',
      'Active silences, and the Alertmanagers Prometheus knows. Good: silences that somebody remembers; at least one Alertmanager.',
      'none',
      [
        panel.now('sum(alertmanager_silences{state="active"})', 'silences'),
        panel.now('max(prometheus_notifications_alertmanagers_discovered)', 'Alertmanagers'),
      ],
      'Neither Prometheus nor Alertmanager is scraped.',
    ) + panel.size(8, 8) + panel.plain_stat + panel.decimals(0)
    + panel.one('Alertmanagers', { thresholds: { mode: 'absolute', steps: [{ color: colors.hurt, value: null }, { color: colors.kept, value: 1 }] } }),
  ]
