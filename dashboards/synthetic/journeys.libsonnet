// Journeys, step by step.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local step_buckets = 'sum by (le, check, step) (increase(pantrywatch_check_step_seconds_bucket{%s}[$__range]))' % queries.chosen;
  local none = 'No journey is configured: add a check of kind journey to settings.yaml.';

  [
    panel.states(
      'Steps over time',
      'Which step of each journey passed and failed. The first failing step is the cause; the steps after it are not reached and have no state.',
      [panel.query(queries.worst('pantrywatch_check_step_success', 'check, step', of='min'), '{{check}}: {{step}}')],
      none,
      width=12,
    ) + panel.texts({ '0': ['failing', colors.hurt], '1': ['passing', colors.kept] }),
    panel.timeseries(
      'Time by step (probe)',
      'Time of each step in the last journey, stacked: together they are what a user waits. Each step is one request; its route is on the API board.',
      's',
      [panel.query(queries.worst('pantrywatch_check_step_duration_seconds', 'check, step'), '{{check}}: {{step}}')],
      none,
      width=12,
    ) + panel.stacked + panel.to_board('api', 'The API'),
    panel.table(
      'Step p95 over time range (probe)',
      'Half of the runs of each step of a journey were as fast as the median, 95% as fast as the p95, over the time range shown: runs that passed, all vantage points. Good: steady from day to day. A p95 far above the median: a step that is slow now and then; the step above shows when.',
      's',
      [
        panel.rows('histogram_quantile(0.5, %s) >= 0' % step_buckets),
        panel.rows('histogram_quantile(0.95, %s) >= 0' % step_buckets),
        panel.rows('sum by (check, step) (increase(pantrywatch_check_step_seconds_count{%s}[$__range]))' % queries.chosen),
      ],
      none + ' Or none has passed in the time range.',
      [
        ['check', 'Check', { 'custom.minWidth': 120 }],
        ['step', 'Step', { 'custom.minWidth': 120 }],
        ['Value #A', 'Median'],
        ['Value #B', 'p95'],
        ['Value #C', 'Runs', { unit: 'none', decimals: 0 }],
      ],
      'p95',
      width=24,
    ) + panel.decimals(2),
    panel.table(
      'Last failures of pages, newest first',
      'When the page of each browser check last failed, and its screenshot, steps and failed requests at that time: one document a check, replaced by the next failure, behind the login of the exporter. Without a link, `browser.last_failures.url` is missing in the settings.',
      'dateTimeFromNow',
      [panel.rows('1000 * ' + queries.worst('browser_last_failure_timestamp_seconds', 'check, page'))],
      'No page has failed, or settings.yaml has no browser.last_failures.',
      [
        ['check', 'Check'],
        ['Value', 'Failed'],
        ['page', 'Screenshot and steps', { links: [{ title: 'Screenshot and steps of the last failure', url: '${__value.raw}', targetBlank: true }] }],
      ],
      'Failed',
      width=24,
      height=6,
    ),
  ]
