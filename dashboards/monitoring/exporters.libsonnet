// Collectors by success, class, duration and age; privileges; checks that did not run.
local cells = import '../lib/cells.libsonnet';
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local colours = panel.colours;

local ages = cells.steps([[null, colours.kept], [120, colours.near], [300, colours.broken]]);

[
  panel.table(
    'Collectors',
    'Every part of every exporter: whether its last run succeeded, the class of its error (refused, timeout, auth, permission, tls, dns, protocol, version, exhausted, internal), and how long it took. Good: well, and far below the scrape timeout.',
    's',
    [
      panel.rows('min by (instance, exporter, collector) (pantrywatch_collector_success)'),
      panel.rows('max by (instance, exporter, collector) (pantrywatch_collector_duration_seconds)'),
      panel.rows('max by (instance, exporter, collector, class) (pantrywatch_collector_error)'),
    ],
    'No exporter of ours is scraped.',
    [
      ['exporter', 'Exporter', { 'custom.width': 90 }],
      ['instance', 'Watches', { 'custom.width': 110 }],
      ['collector', 'Collector', { 'custom.minWidth': 140 }],
      ['Value #A', 'Last run', cells.coloured({
        unit: 'none',
        decimals: 0,
        mappings: cells.texts({ '0': ['failed', colours.broken], '1': ['well', colours.kept] }),
        'custom.width': 80,
      })],
      ['class', 'Error', { 'custom.width': 90, noValue: 'none' }],
      ['Value #B', 'Took', { decimals: 3, 'custom.width': 80 }],
    ],
    'Last run',
    descending=false,
  ) + panel.size(12, 10),

  panel.table(
    'Background queries',
    'Heavy queries that run at their own interval, beside the scrapes: how long ago each last succeeded, how long it took, and whether the last run succeeded. Good: well, and no older than a few minutes.',
    's',
    [
      panel.rows('min by (instance, query) (pantrywatch_query_success)'),
      panel.rows('time() - max by (instance, query) (pantrywatch_query_last_success_timestamp_seconds)'),
      panel.rows('max by (instance, query) (pantrywatch_query_duration_seconds)'),
    ],
    'No exporter of a database is scraped.',
    [
      ['instance', 'Watches', { 'custom.width': 110 }],
      ['query', 'Query', { 'custom.minWidth': 150 }],
      ['Value #A', 'Last run', cells.coloured({
        unit: 'none',
        decimals: 0,
        mappings: cells.texts({ '0': ['failed', colours.broken], '1': ['well', colours.kept] }),
        'custom.width': 80,
      })],
      // An hour is what the alert waits for.
      ['Value #B', 'Age', cells.coloured({
        decimals: 0,
        thresholds: cells.steps([[null, colours.kept], [0.8 * 3600, colours.near], [3600, colours.broken]]),
        'custom.width': 90,
      })],
      ['Value #C', 'Took', { decimals: 3, 'custom.width': 80 }],
    ],
    'Age',
  ) + panel.size(12, 10),

  panel.bars(
    'Age of the data',
    'How long ago each exporter last saw what it watches, and each check last ran. Good: below two minutes.',
    's',
    [
      panel.now('time() - max by (exporter, instance) (pantrywatch_last_success_timestamp_seconds)', '{{exporter}} {{instance}}'),
      panel.now('time() - max by (check) (pantrywatch_check_last_run_timestamp_seconds)', 'check {{check}}'),
    ],
    'No exporter of ours is scraped.',
  ) + panel.size(8, 10) + panel.between(0, 300) + panel.decimals(0) + { fieldConfig+: { defaults+: { thresholds: ages } } },

  status.privileges('exporter=~".+"', {}, 8, 10),

  panel.timeseries(
    'Checks that were skipped',
    'Runs that a check left out because the one before had not ended, by reason. Good: none. Else the check takes longer than its interval: it says less than it seems to.',
    'ops',
    [panel.query('sum by (check, reason) (rate(pantrywatch_check_skipped_total[$__rate_interval]))', '{{check}}: {{reason}}')],
    'No check runs here (part `synthetic` of settings.yaml).',
  ) + panel.size(8, 10) + panel.decimals(3),
]
