// From a rule to a person: evaluation, the queue to Alertmanager, the messages it sends.
local panel = import '../lib/panel.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Evaluation time beside the interval',
    'Share of its interval that the evaluation of each group of rules takes. Good: a few percent. Above 100 % evaluations are left out: alerts come late.',
    'percentunit',
    [panel.query(
      'max by (rule_group) (label_replace(prometheus_rule_group_last_duration_seconds / (prometheus_rule_group_interval_seconds > 0), "rule_group", "$1", "rule_group", ".*;(.+)"))',
      '{{rule_group}}'
    )],
    'Prometheus does not scrape itself, or has no rules.',
  ) + panel.size(12, 9) + panel.limits([[null, colours.kept], [0.8, colours.near], [1, colours.broken]]) + panel.lines,

  panel.timeseries(
    'Failures',
    'Evaluations that failed or were left out, and alerts that did not reach an Alertmanager. Good: none of any.',
    'ops',
    [
      panel.query('sum(rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))', 'rules failed'),
      panel.query('sum(rate(prometheus_rule_group_iterations_missed_total[$__rate_interval]))', 'evaluations left out'),
      panel.query('sum(rate(prometheus_notifications_dropped_total[$__rate_interval]))', 'alerts dropped'),
      panel.query('sum(rate(prometheus_notifications_errors_total[$__rate_interval]))', 'alerts not delivered'),
      panel.query('sum(rate(alertmanager_notifications_failed_total[$__rate_interval]))', 'messages failed'),
    ],
    'Neither Prometheus nor Alertmanager is scraped.',
  ) + panel.size(12, 9) + panel.decimals(3),

  panel.timeseries(
    'Messages by channel',
    'Messages that Alertmanager sent, by channel. The heartbeat comes every few minutes: a channel without any is not in use.',
    'ops',
    [panel.query('sum by (integration) (rate(alertmanager_notifications_total[$__rate_interval])) > 0', '{{integration}}')],
    'No message was sent in the time shown.',
  ) + panel.size(8, 8) + panel.decimals(3),

  panel.timeseries(
    'Queue to Alertmanager',
    'Alerts that wait to be handed over, beside how many may. Good: near 0. A queue that fills: Alertmanager is away or slow.',
    'none',
    [
      panel.query('max(prometheus_notifications_queue_length)', 'waiting'),
      panel.query('max(prometheus_notifications_queue_capacity)', 'limit'),
    ],
    'Prometheus does not scrape itself.',
  ) + panel.size(8, 8) + panel.decimals(0) + panel.limit_series('limit'),

  panel.stat(
    'Silences and Alertmanagers',
    'Silences in force, and Alertmanagers that Prometheus knows. Good: silences that somebody remembers; at least one Alertmanager.',
    'none',
    [
      panel.now('sum(alertmanager_silences{state="active"})', 'silences'),
      panel.now('max(prometheus_notifications_alertmanagers_discovered)', 'Alertmanagers'),
    ],
    'Neither Prometheus nor Alertmanager is scraped.',
  ) + panel.size(8, 8) + panel.plain_stat + panel.decimals(0)
  + panel.one('Alertmanagers', { thresholds: { mode: 'absolute', steps: [{ color: colours.hurt, value: null }, { color: colours.kept, value: 1 }] } }),
]
