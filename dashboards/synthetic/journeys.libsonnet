// Journeys, step by step.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

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
