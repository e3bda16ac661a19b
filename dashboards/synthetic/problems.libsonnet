// How often, and why?
function(config)
  local history = import '../lib/history.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local share = { unit: 'percentunit', decimals: 3 };
  local over_days = share { mappings: status.texts(history.mapping) };

  [
    panel.table(
      'All checks, failing first (probe)',
      'Each check: its last run, the share of runs that passed, of all places where it runs (too early: less than a day of data), and the target it feeds. At one run a minute, a single failure leaves 99.93% of a day: consider how many, and the error class in the panel on the right.',
      'percentunit',
      [
        panel.rows(queries.pass('check, kind, target')),
        panel.rows(queries.passed('1d')),
        panel.rows(queries.passed_days('7d')),
        panel.rows(queries.passed_days('30d')),
        panel.rows('time() - ' + queries.worst('pantrywatch_check_last_run_timestamp_seconds')),
        panel.rows(queries.worst('probe_duration_seconds')),
      ],
      queries.silent,
      [
        ['check', 'Check', { 'custom.minWidth': 130, links: [{ title: 'Only this check', url: '/d/crm-synthetic?var-check=${__value.raw:percentencode}&${datasource:queryparam}&${__url_time_range}', targetBlank: false }] }],
        ['kind', 'Kind', { 'custom.width': 75 }],
        ['Value #A', 'Last run', status.colored({
          unit: 'none',
          decimals: 0,
          'custom.width': 85,
          mappings: status.texts({ '0': ['failing', colors.hurt], '1': ['passing', colors.kept] }),
        })],
        ['Value #B', '24 hours', share],
        ['Value #C', '7 days', over_days],
        ['Value #D', '30 days', over_days],
        ['Value #F', 'Duration', { unit: 's', decimals: 1 }],
        ['Value #E', 'Age', { unit: 's', decimals: 0 }],
        ['target', 'Target', { 'custom.minWidth': 150, links: [{ title: 'Target in detail', url: '/d/crm-slo?var-target=${__value.raw:percentencode}&${__url_time_range}', targetBlank: false }] }],
      ],
      'Last run',
      width=15,
      height=8,
      descending=false,
    ),
    panel.table(
      'Failures by class, newest first',
      'Over the time range shown: which check failed with which error class, how often, and when last. refused: nobody listens. timeout: no response in time. protocol: an unexpected response (status or text). auth, permission, tls, dns: as they say. internal: a bug in our exporter.',
      'short',
      [
        panel.rows('1000 * max by (check, class) (max_over_time(timestamp(pantrywatch_check_error{%s})[$__range:15s]))' % queries.chosen),
        panel.rows('sum by (check, class) (increase(pantrywatch_check_failures_total{%s}[$__range])) > 0' % queries.chosen),
      ],
      'No check failed in the time range shown.',
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
      'Success ratio, last hour (probe)',
      'Share of runs of each check that passed in the hour before each point. Good: all at 100%. Repeated dips are flapping: find the cause before it stays down.',
      'percentunit',
      [panel.query(queries.passed('1h'), '{{check}}')],
      queries.silent,
      width=12,
    ) + panel.between(0, 1) + panel.decimals(1),
    panel.timeseries(
      'Failed runs',
      'Failed runs by check and error class. One now and then: chance. A block: an outage; compare with Checks over time.',
      'short',
      [panel.query('sum by (check, class) (increase(pantrywatch_check_failures_total{%s}[$__rate_interval])) > 0' % queries.chosen, '{{check}} {{class}}')],
      'No check failed in the time range shown.',
      width=12,
    ) + panel.decimals(0) + panel.columns,
  ]
