// Collectors by success, class, duration and age; privileges; checks that did not run.
function(config)
  local cells = import '../lib/table_cells.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local colors = panel.colors;

  local ages = cells.steps([[null, colors.kept], [120, colors.near], [300, colors.broken]]);

  [
    panel.table(
      'Collectors',
      'Every collector of every exporter: whether its last run succeeded, its error class (refused, timeout, auth, permission, tls, dns, protocol, version, exhausted, internal), and its duration. Good: ok, and far below the scrape timeout.',
      's',
      [
        panel.rows('min by (instance, exporter, collector) (pantrywatch_collector_success)'),
        panel.rows('max by (instance, exporter, collector) (pantrywatch_collector_duration_seconds)'),
        panel.rows('max by (instance, exporter, collector, class) (pantrywatch_collector_error)'),
      ],
      'None of our exporters is scraped.',
      [
        ['exporter', 'Exporter', { 'custom.width': 90 }],
        ['instance', 'Watches', { 'custom.width': 110 }],
        ['collector', 'Collector', { 'custom.minWidth': 140 }],
        ['Value #A', 'Last run', cells.colored({
          unit: 'none',
          decimals: 0,
          mappings: cells.texts({ '0': ['failed', colors.broken], '1': ['ok', colors.kept] }),
          'custom.width': 80,
        })],
        ['class', 'Error', { 'custom.width': 90, noValue: 'none' }],
        ['Value #B', 'Duration', { decimals: 3, 'custom.width': 80 }],
      ],
      'Last run',
      descending=false,
    ) + panel.size(12, 10),

    panel.table(
      'Background queries',
      'Expensive queries that run on their own interval, outside the scrape: age of the last success, duration, and whether the last run succeeded. Good: ok, and no older than a few minutes.',
      's',
      [
        panel.rows('min by (instance, query) (pantrywatch_query_success)'),
        panel.rows('time() - max by (instance, query) (pantrywatch_query_last_success_timestamp_seconds)'),
        panel.rows('max by (instance, query) (pantrywatch_query_duration_seconds)'),
      ],
      'No database exporter is scraped.',
      [
        ['instance', 'Watches', { 'custom.width': 110 }],
        ['query', 'Query', { 'custom.minWidth': 150 }],
        ['Value #A', 'Last run', cells.colored({
          unit: 'none',
          decimals: 0,
          mappings: cells.texts({ '0': ['failed', colors.broken], '1': ['ok', colors.kept] }),
          'custom.width': 80,
        })],
        // An hour is what the alert waits for.
        ['Value #B', 'Age', cells.colored({
          decimals: 0,
          thresholds: cells.steps([[null, colors.kept], [0.8 * 3600, colors.near], [3600, colors.broken]]),
          'custom.width': 90,
        })],
        ['Value #C', 'Duration', { decimals: 3, 'custom.width': 80 }],
      ],
      'Age',
    ) + panel.size(12, 10),

    panel.bars(
      'Data age',
      'How long ago each exporter last read what it watches, and each check last ran. Good: below two minutes.',
      's',
      [
        panel.now('time() - max by (exporter, instance) (pantrywatch_last_success_timestamp_seconds)', '{{exporter}} {{instance}}'),
        panel.now('time() - max by (check) (pantrywatch_check_last_run_timestamp_seconds)', 'check {{check}}'),
      ],
      'None of our exporters is scraped.',
    ) + panel.size(8, 10) + panel.between(0, 300) + panel.decimals(0) + { fieldConfig+: { defaults+: { thresholds: ages } } },

    status.privileges('exporter=~".+"', {}, 8, 10),

    panel.timeseries(
      'Skipped check runs',
      'Runs that a check skipped because the previous one had not ended, by reason. Good: none. Otherwise the check takes longer than its interval and covers less than it seems to.',
      'ops',
      [panel.query('sum by (check, reason) (rate(pantrywatch_check_skipped_total[$__rate_interval]))', '{{check}}: {{reason}}')],
      'No check is configured (data source `synthetic` of settings.yaml).',
    ) + panel.size(8, 10) + panel.decimals(3),
  ]
