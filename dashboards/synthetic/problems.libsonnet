// How often, and why?
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local share = { unit: 'percentunit', decimals: 3 };

[
  panel.table(
    'Every check, those that fail first (probe)',
    'Each check: its last run, the share of runs that passed, and what it feeds. A run a minute and one failure is 99.93 % of a day: look at how many, and at the class of error right.',
    'percentunit',
    [
      panel.rows(queries.worst('probe_success', 'check, kind, target', of='min')),
      panel.rows(queries.passed('1d')),
      panel.rows(queries.passed('7d')),
      panel.rows(queries.passed('30d')),
      panel.rows('time() - ' + queries.worst('pantrywatch_check_last_run_timestamp_seconds')),
      panel.rows(queries.worst('probe_duration_seconds')),
    ],
    queries.silent,
    [
      ['check', 'Check', { 'custom.minWidth': 130, links: [{ title: 'Only this check', url: '/d/crm-synthetic?var-check=${__value.raw}&${datasource:queryparam}&${__url_time_range}', targetBlank: false }] }],
      ['kind', 'Kind', { 'custom.width': 75 }],
      ['Value #A', 'Last run', status.coloured({
        unit: 'none',
        decimals: 0,
        'custom.width': 85,
        mappings: status.texts({ '0': ['fails', colours.hurt], '1': ['passes', colours.kept] }),
      })],
      ['Value #B', '24 hours', share],
      ['Value #C', '7 days', share],
      ['Value #D', '30 days', share],
      ['Value #F', 'Took', { unit: 's', decimals: 1 }],
      ['Value #E', 'Ago', { unit: 's', decimals: 0 }],
      ['target', 'Feeds', { 'custom.minWidth': 150, links: [{ title: 'This promise in depth', url: '/d/crm-slo?var-target=${__value.raw}&${__url_time_range}', targetBlank: false }] }],
    ],
    'Last run',
    width=15,
    height=8,
    descending=false,
  ),
  panel.table(
    'Failures by class, the newest first',
    'Over the time shown: which check failed for which class of error, how often, and when last. refused: nobody listens. timeout: no answer in time. protocol: an answer other than expected – status or text. auth, permission, tls, dns: as they say. internal: ours.',
    'short',
    [
      panel.rows('1000 * max by (check, class) (max_over_time(timestamp(pantrywatch_check_error{%s})[$__range:15s]))' % queries.chosen),
      panel.rows('sum by (check, class) (increase(pantrywatch_check_failures_total{%s}[$__range])) > 0' % queries.chosen),
    ],
    'No check failed in the time shown.',
    [
      ['check', 'Check'],
      ['class', 'Class', { 'custom.width': 95 }],
      ['Value #B', 'Failures', { decimals: 0, 'custom.width': 85 }],
      ['Value #A', 'Last', { unit: 'dateTimeFromNow', 'custom.width': 140 }],
    ],
    'Last',
    width=9,
    height=8,
  ),
  panel.timeseries(
    'Passed, in the hour before (probe)',
    'Share of runs of each check that passed in the hour before each moment. Good: all at 100 %. One that dips again and again is flapping: find out before it stays down.',
    'percentunit',
    [panel.query(queries.passed('1h'), '{{check}}')],
    queries.silent,
    width=12,
  ) + panel.between(0, 1) + panel.decimals(1),
  panel.timeseries(
    'Failed runs',
    'Runs that failed in each interval, by check and class of error. One now and then: chance. A block: an outage – compare with Every check over time.',
    'short',
    [panel.query('sum by (check, class) (increase(pantrywatch_check_failures_total{%s}[$__rate_interval])) > 0' % queries.chosen, '{{check}} {{class}}')],
    'No check failed in the time shown.',
    width=12,
  ) + panel.decimals(0) + panel.columns,
]
