// Series and their growth, storage, retention, versions, and what the monitoring itself takes.
local panel = import '../lib/panel.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Series',
    'Series that Prometheus holds, and those made anew in an hour. Good: level. Growth without a new target: a label with ever new values.',
    'short',
    [
      panel.query('sum(prometheus_tsdb_head_series)', 'held'),
      panel.query('sum(increase(prometheus_tsdb_head_series_created_total[1h]))', 'new in an hour'),
    ],
    'Prometheus does not scrape itself.',
  ) + panel.size(8, 8) + panel.decimals(0),

  panel.timeseries(
    'Samples of a scrape',
    'Samples that each target gives. Good: level. A jump is a new label or many new tables, groups or routes.',
    'short',
    [panel.query('max by (job, instance) (scrape_samples_scraped)', '{{job}} {{instance}}')],
    'Prometheus scrapes nothing.',
  ) + panel.size(8, 8) + panel.decimals(0),

  panel.timeseries(
    'Scrape time',
    'How long each target takes to answer. Good: far below the timeout of ten seconds. Near it samples are lost.',
    's',
    [panel.query('max by (job, instance) (scrape_duration_seconds)', '{{job}} {{instance}}')],
    'Prometheus scrapes nothing.',
  ) + panel.size(8, 8) + panel.decimals(3),

  panel.timeseries(
    'Storage',
    'What the samples take on disk: finished blocks, without the last hours. It levels off when the oldest are as old as samples are kept.',
    'bytes',
    [panel.query('sum(prometheus_tsdb_storage_blocks_bytes)', 'blocks')],
    'Prometheus does not scrape itself.',
  ) + panel.size(8, 8),

  panel.timeseries(
    'Memory of the monitoring',
    'Resident memory of Prometheus, Alertmanager and the exporters. Good: level.',
    'bytes',
    [panel.query('sum by (job) (process_resident_memory_bytes{job=~"prometheus|alertmanager|exporter"})', '{{job}}')],
    'Neither Prometheus, Alertmanager nor an exporter is scraped.',
  ) + panel.size(8, 8),

  panel.timeseries(
    'Processor time of the monitoring',
    'Processor seconds that Prometheus, Alertmanager and the exporters use in a second: 1 is one processor all the time. Good: a few hundredths.',
    'none',
    [panel.query('sum by (job) (rate(process_cpu_seconds_total{job=~"prometheus|alertmanager|exporter"}[$__rate_interval]))', '{{job}}')],
    'Neither Prometheus, Alertmanager nor an exporter is scraped.',
  ) + panel.size(8, 8) + panel.decimals(3),

  panel.stat(
    'History kept since',
    'Age of the oldest sample. Budgets of 30 days need 30 days of it: before that they speak of the time there is.',
    's',
    [panel.now('time() - min(prometheus_tsdb_lowest_timestamp_seconds)')],
    'Prometheus does not scrape itself.',
  ) + panel.size(6, 5) + panel.plain_stat + panel.decimals(0),

  panel.table(
    'Versions',
    'What runs, in which version. Good: one version of each, unless somebody is changing it right now.',
    'none',
    [
      panel.rows('label_replace(count by (version) (prometheus_build_info), "part", "Prometheus", "", "") or label_replace(count by (version) (alertmanager_build_info), "part", "Alertmanager", "", "") or label_replace(count by (version) (pantrywatch_exporter_build_info), "part", "exporters", "", "")'),
    ],
    'Neither Prometheus, Alertmanager nor an exporter is scraped.',
    [
      ['part', 'Part'],
      ['version', 'Version'],
      ['Value', 'How many', { decimals: 0, 'custom.width': 100 }],
    ],
    'Part',
    descending=false,
  ) + panel.size(18, 5),
]
