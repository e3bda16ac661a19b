// What will be full, and how much more can we handle?
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local series = import '../alert_rules/lib/slo_series.libsonnet';
  local board = import 'lib/board.libsonnet';
  local cells = import 'lib/table_cells.libsonnet';
  local headroom = (import 'lib/headroom.libsonnet')(config);
  local history = import 'lib/history.libsonnet';
  local promise = (import '../alert_rules/lib/promise_forecast.libsonnet').series;
  local panel = import 'lib/panel.libsonnet';
  local slo_targets = (import 'lib/slo_targets.libsonnet')(config);
  local once = import 'lib/once.libsonnet';
  local colors = panel.colors;

  local proven = slo_targets.of('api-throughput');
  // Requests of five minutes to the routes of the promise, of all servers.
  local busiest = series.events_total + '{target="api-latency"}';
  local tables = 'pg_stat_user_tables_table_size_bytes';
  local indexes = 'pg_stat_user_tables_index_size_bytes';
  local disks = 'node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs|overlay"}';
  local databases = 'pg_database_size_bytes{datname!~"template[01]"}';
  local least(labels, expr) = 'min by (%s) (%s)' % [labels, expr];
  local forecast(of, labels, series, range, days) = history.only(
    of(labels, 'clamp_min(predict_linear(%s[%s], %d * 86400), 0)' % [series, range, days]), series, range, labels
  );
  local table_labels = 'datname, schemaname, relname';
  local largest = 'topk(15, %s)' % once(table_labels, '%s + %s' % [tables, indexes]);
  local growth(range) = history.or_early(
    '86400 * %s and on (%s) %s' % [once(table_labels, 'deriv(%s[%s]) + deriv(%s[%s])' % [tables, range, indexes, range]), table_labels, largest],
    history.known(tables, range, table_labels),
    largest,
    table_labels
  );
  local weekly = (import '../alert_rules/lib/table_growth.libsonnet').series;
  local of_largest(name) = 'max by (%s) (%s) and on (%s) %s' % [table_labels, name, table_labels, largest];
  local in_weeks = { unit: 'none', decimals: 0, 'custom.width': 105 };
  local per_day = { 'custom.width': 130, mappings: cells.texts(history.mapping) };

  board.new(
    'capacity',
    'CRM capacity',
    'What will be full, and how much more can we handle? Usage vs. proven capacity, forecasts with their uncertainty, growth, and the busiest hour.',
    [],
    [
      board.row('Status: how much is in use?', [
        panel.stat(
          'Throughput used (traffic)',
          'The busiest server, as a share of the target for one server. ' + slo_targets.words('api-throughput') + ' Good: below 80%.',
          'percentunit',
          [panel.query('max(' + series.capacity_use + ')')],
          'No requests, or not scraped',
        ) + panel.size(6, 6) + slo_targets.capacity_use('api-throughput'),
        panel.stat(
          'Proven throughput (lab)',
          'What the last capacity run (`pantrywatch capacity`) sustained on one server, as a share of the target. Good: 100% or more. Without a run nothing is proven: live traffic shows demand, not capacity.',
          'percentunit',
          [panel.now('max(' + series.capacity + ')')],
          'Not measured: no capacity run (data source capacity)',
        ) + panel.size(6, 6) + panel.plain_stat + panel.to_slo('api-throughput'),
        panel.stat(
          'Servers needed at peak',
          'Requests in the busiest five minutes of 7 days, divided by the rate that one server is proven to sustain, rounded up; without a capacity run by the target for one server, which is a guess. Now: the same for the traffic of this moment. Good: no more than are running, with one to spare.',
          'none',
          [
            panel.now('ceil(max(max_over_time(%s[7d])) / 5 / on () (max(pantrywatch_capacity_requests_per_minute > 0) or vector(%g)))' % [busiest, proven.threshold], 'needed'),
            panel.now('max(%s)' % series.servers_needed, 'now'),
            panel.now('count(up{%s} == 1)' % config.selectors.application, 'running'),
          ],
          'No requests in 7 days, or the application is not scraped',
        ) + panel.size(6, 6) + panel.plain_stat + panel.decimals(0),
        panel.stat(
          'Peak load, 7 days',
          'Requests per minute to the API, all servers together, in the busiest five minutes of the last 7 days. Plan capacity for this, not for the average.',
          'reqpm',
          [panel.now('max(max_over_time(%s[7d])) / 5' % busiest)],
          'No requests in 7 days, or the application is not scraped',
        ) + panel.size(6, 6) + panel.plain_stat + panel.decimals(0),
        panel.timeseries(
          'Servers needed now and in 15 minutes, and running',
          'Servers that the traffic takes at the rate that one is proven to sustain: now, and at most in the coming quarter of an hour, by this time of the week in the four weeks before and the last half hour. Without five weeks of history there is no line ahead, without a capacity run neither. Good: running is above both. An autoscaler can follow the line ahead (docs/scaling.md).',
          'none',
          [
            panel.query('max(%s)' % series.servers_needed, 'needed now'),
            panel.query('max(%s)' % series.servers_needed_ahead, 'needed in 15 minutes'),
            panel.query('count(up{%s} == 1)' % config.selectors.application, 'running'),
          ],
          'The application is not scraped (data source application), or does not respond.',
        ) + panel.size(18, 7) + panel.decimals(0) + panel.limit_series('running'),
        panel.stat(
          'API promise broken in',
          'When the busiest hours of a week (1% of it) take more than all servers are proven to sustain, at the growth of the last five weeks: with a chance of 80% between earliest and latest. Good: no number, as the traffic does not grow, or more than two weeks. Within two weeks plan a further server. Too early: less than five weeks of history.',
          's',
          [panel.now('min(%s)' % promise.earliest, 'earliest'), panel.now('max(%s)' % promise.latest, 'latest')],
          'Not growing, too early, or no capacity run',
        ) + panel.size(6, 7) + panel.plain_stat + panel.decimals(0)
        + panel.limits([[null, colors.broken], [3 * 86400, colors.near], [14 * 86400, colors.kept]]),
      ]),
      board.row('Problems: what will be full, and when?', [
        headroom.days_to_full + panel.size(14, 9),
        headroom.in_use + panel.size(10, 9),
        panel.timeseries(
          'Disk space left, now and in 7 days',
          'Space left on each disk, and the forecast for 7 days at the pace of the last day and of the last 6 hours, once half of that time is known. Where the two differ widely the forecast is unreliable. Good: all lines far above 0.',
          'bytes',
          [
            panel.query('min by (instance, mountpoint) (%s)' % disks, '{{instance}} {{mountpoint}}'),
            panel.query(forecast(least, 'instance, mountpoint', disks, '1d', 7), '{{instance}} {{mountpoint}} in 7 days, pace of a day'),
            panel.query(forecast(least, 'instance, mountpoint', disks, '6h', 7), '{{instance}} {{mountpoint}} in 7 days, pace of 6 hours'),
          ],
          'No data: the exporter of the host does not respond now, or no host is monitored (data source host).',
        ) + panel.size(12, 9) + panel.one_like('pace', { 'custom.lineStyle': { fill: 'dash', dash: [8, 8] }, 'custom.fillOpacity': 0 }),
        panel.timeseries(
          'Database size, now and in 30 days',
          'Size of each database, and the forecast for 30 days at the pace of the last day and of the last week, once half of that time is known. Good: well below the disk. Growth by table is below.',
          'bytes',
          [
            panel.query(once('datname', databases), '{{datname}}'),
            panel.query(forecast(once, 'datname', databases, '1d', 30), '{{datname}} in 30 days, pace of a day'),
            panel.query(forecast(once, 'datname', databases, '1w', 30), '{{datname}} in 30 days, pace of a week'),
          ],
          'No data: the database does not respond now (see its board), or none is monitored (data source database).',
        ) + panel.size(12, 9) + panel.one_like('pace', { 'custom.lineStyle': { fill: 'dash', dash: [8, 8] }, 'custom.fillOpacity': 0 }),
      ]),
      board.row('Trends: what grows?', [
        panel.table(
          'Growth by table',
          'The largest tables with their indexes: size, and growth per day at the pace of the last day and of the last week; too early: less than half of that time is known. Per week: the median of the weeks of the last four. Twice: in how many weeks it is twice as large, if it grows as in its fast and in its slow weeks; empty where slow weeks do not grow, or less than 25 days are known. A table has no limit of its own: compare with the room on its disk. A table that grows while the business does not: look for rows that nobody deletes.',
          'bytes',
          [
            panel.rows(largest),
            panel.rows(growth('1d')),
            panel.rows(growth('1w')),
            panel.rows(of_largest(weekly.growth)),
            panel.rows(of_largest(weekly.earliest)),
            panel.rows(of_largest(weekly.latest)),
          ],
          'No data: the database does not respond now (see its board), none is monitored, or it has no user tables.',
          [
            ['datname', 'Database', { 'custom.width': 90 }],
            ['schemaname', 'Schema', { 'custom.width': 80 }],
            ['relname', 'Table', { 'custom.minWidth': 110 }],
            ['Value #A', 'Size', { 'custom.width': 100 }],
            ['Value #B', 'Per day (1 d)', per_day],
            ['Value #C', 'Per day (1 w)', per_day],
            ['Value #D', 'Per week (4 w)', { 'custom.width': 110 }],
            ['Value #E', 'Twice: earliest', in_weeks],
            ['Value #F', 'Twice: latest', in_weeks],
          ],
          'Size',
        ) + panel.size(12, 10),
        panel.timeseries(
          'Requests by hour, 7 days',
          'Requests to the API in each hour of the last 7 days, whatever time range the board shows. Which is the busiest hour of the week, and is it growing? Schedule maintenance in the valleys.',
          'short',
          [panel.query('sum(sum_over_time(' + series.sampled_total + '{target="api-latency"}[1h]))', 'requests per hour')],
          'No full hour of requests yet, or the application is not scraped.',
        ) + panel.size(12, 10) + panel.columns + { timeFrom: '7d', interval: '1h' },
        panel.timeseries(
          'Database connections',
          'Connections to each database, and what a user may take. Good: well below the dashed line, also in the busiest hour.',
          'none',
          [
            panel.query('max by (instance) (pantrywatch_database_connections_used)', '{{instance}}'),
            panel.query('max by (instance) (pantrywatch_database_connections_limit)', '{{instance}} limit'),
          ],
          'No data: the database does not respond now (see its board), or none is monitored (data source database).',
        ) + panel.size(12, 8) + panel.decimals(0) + panel.limit_series('limit'),
        panel.timeseries(
          'Cache memory',
          'Memory of each cache, and its limit; a cache without a limit has no line. Good: below the line, or evicting on purpose.',
          'bytes',
          [
            panel.query('max by (instance) (redis_memory_used_bytes)', '{{instance}}'),
            panel.query('max by (instance) (redis_memory_max_bytes > 0)', '{{instance}} limit'),
          ],
          'No data: the cache does not respond now (see its board), or none is monitored (data source cache).',
        ) + panel.size(12, 8) + panel.limit_series('limit'),
      ]),
    ],
  )
