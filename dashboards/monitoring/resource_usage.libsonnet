// Series and their growth, storage, retention, versions, and what the monitoring itself takes.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local colors = panel.colors;

  [
    panel.timeseries(
      'Series',
      'Series held by Prometheus, and new ones per hour. Good: level. Growth without a new target: a label whose values keep changing.',
      'short',
      [
        panel.query('sum(prometheus_tsdb_head_series)', 'held'),
        panel.query('sum(increase(prometheus_tsdb_head_series_created_total[1h]))', 'new per hour'),
      ],
      'Prometheus does not scrape itself.',
    ) + panel.size(8, 8) + panel.decimals(0),

    panel.timeseries(
      'Samples per scrape',
      'Samples scraped from each target. Good: level. A sudden increase is a new label, or many new tables, groups or routes.',
      'short',
      [panel.query('max by (job, instance) (scrape_samples_scraped)', '{{job}} {{instance}}')],
      'Prometheus scrapes nothing.',
    ) + panel.size(8, 8) + panel.decimals(0),

    panel.timeseries(
      'Scrape duration',
      'How long each target takes to respond. Good: far below the timeout of ten seconds. Close to it samples are lost.',
      's',
      [panel.query('max by (job, instance) (scrape_duration_seconds)', '{{job}} {{instance}}')],
      'Prometheus scrapes nothing.',
    ) + panel.size(8, 8) + panel.decimals(3),

    panel.timeseries(
      'Storage',
      'Disk space of the samples: completed blocks, without the last hours. Levels off when the oldest samples reach the retention period.',
      'bytes',
      [panel.query('sum(prometheus_tsdb_storage_blocks_bytes)', 'blocks')],
      'Prometheus does not scrape itself.',
    ) + panel.size(8, 8),

    panel.timeseries(
      'Memory',
      'Resident memory of Prometheus, Alertmanager and the exporters. Good: level.',
      'bytes',
      [panel.query('sum by (job) (process_resident_memory_bytes{%s})' % config.selectors.monitoring, '{{job}}')],
      'Neither Prometheus, Alertmanager nor an exporter is scraped.',
    ) + panel.size(8, 8),

    panel.timeseries(
      'CPU',
      'CPU time that Prometheus, Alertmanager and the exporters use: 1 is one core all the time. Good: a few hundredths.',
      'none',
      [panel.query('sum by (job) (rate(process_cpu_seconds_total{%s}[$__rate_interval]))' % config.selectors.monitoring, '{{job}}')],
      'Neither Prometheus, Alertmanager nor an exporter has been scraped twice in the last minutes.',
    ) + panel.size(8, 8) + panel.decimals(3),

    panel.stat(
      'Age of oldest sample',
      'Budgets of 30 days need 30 days of samples; until then they cover the time there is.',
      's',
      [panel.now('time() - min(prometheus_tsdb_lowest_timestamp_seconds)')],
      'Prometheus does not scrape itself.',
    ) + panel.size(6, 5) + panel.plain_stat + panel.decimals(0),

    panel.table(
      'Versions',
      'What is running, in which version. Good: one version of each, except during an upgrade.',
      'none',
      [
        panel.rows('label_replace(count by (version) (prometheus_build_info), "part", "Prometheus", "", "") or label_replace(count by (version) (alertmanager_build_info), "part", "Alertmanager", "", "") or label_replace(count by (version) (pantrywatch_exporter_build_info), "part", "exporters", "", "")'),
      ],
      'Neither Prometheus, Alertmanager nor an exporter is scraped.',
      [
        ['part', 'Part'],
        ['version', 'Version'],
        ['Value', 'Instances', { decimals: 0, 'custom.width': 100 }],
      ],
      'Part',
      descending=false,
    ) + panel.size(18, 5),
  ]
