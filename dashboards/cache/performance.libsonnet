// Is it fast?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local grown(metric) = 'sum by (cmd) (max by (instance, cmd) (sum by (job, instance, cmd) (increase(%s{%s%s}[$__range]))))' % [metric, queries.server, queries.work];

  [
    panel.timeseries(
      'Command latency (server)',
      "Exact percentiles of the time the server spent on the application's commands, from its own histogram (Redis 7 and newer). Network and queueing are not included; values below 33 µs, the first bucket edge, are estimates. Good: below a millisecond.",
      's',
      [
        panel.query(queries.quantile('0.5'), 'p50'),
        panel.query(queries.quantile('0.95'), 'p95'),
        panel.query(queries.quantile('0.99'), 'p99'),
      ],
      queries.silent + queries.blind + ' Redis 6 has no latency histograms.',
    ) + panel.quantiles,
    panel.timeseries(
      'p95 latency by command',
      'Which command is slow. One far above the rest works on something large; use SCAN instead of KEYS, ranges with a limit, UNLINK instead of DEL.',
      's',
      [panel.query(queries.quantile('0.95', 'cmd'), '{{cmd}}')],
      queries.silent + queries.blind + ' Redis 6 has no latency histograms.',
    ),
    panel.heatmap(
      'Command latency distribution',
      "How many of the application's commands took how long, in microseconds. Good: one dark band. A thin second band far above: a few large commands, each of which blocks all others.",
      'µs',
      [panel.buckets('sum by (le) (max by (instance, le) (sum by (job, instance, le) (increase(redis_commands_latencies_usec_bucket{%s%s}[$__rate_interval]))))' % [queries.server, queries.work])],
      queries.silent + queries.blind + ' Redis 6 has no latency histograms.',
      width=8,
    ),
    panel.table(
      'Commands by total time',
      'Over the time range shown: how often each command ran, the server time it took, and how often it failed or was rejected. All commands share one thread: optimize the first row.',
      'short',
      [
        panel.rows(grown('redis_commands_duration_seconds_total') + ' > 0'),
        panel.rows(grown('redis_commands_total') + ' > 0'),
        panel.rows('%s / (%s > 0)' % [grown('redis_commands_duration_seconds_total'), grown('redis_commands_total')]),
        panel.rows(grown('redis_commands_failed_calls_total')),
        panel.rows(grown('redis_commands_rejected_calls_total')),
      ],
      queries.silent,
      [
        ['cmd', 'Command'],
        ['Value #A', 'Time', { unit: 's', decimals: 2 }],
        ['Value #B', 'Calls', { unit: 'none', decimals: 0 }],
        ['Value #C', 'Mean', { unit: 's', decimals: 1 }],
        ['Value #D', 'Failed', status.colored({ decimals: 0, thresholds: status.steps([[null, colors.plain], [1, colors.broken]]) })],
        ['Value #E', 'Rejected', status.colored({ decimals: 0, thresholds: status.steps([[null, colors.plain], [1, colors.broken]]) })],
      ],
      'Time',
      width=12,
      height=8,
    ),
    panel.timeseries(
      'Commands by kind',
      "The application's commands per second. A new one, or ten times as many of an old one: check the latest deployment.",
      'ops',
      [panel.query('sum by (cmd) (max by (instance, cmd) (sum by (job, instance, cmd) (rate(redis_commands_total{%s%s}[$__rate_interval]))))' % [queries.server, queries.work], '{{cmd}}')],
      queries.silent,
      width=12,
    ),
    panel.timeseries(
      'Time in slow commands',
      'Seconds per second that the commands recorded by the slow log ran, by command (slower than slowlog-log-slower-than, 10 ms by default). While one runs, all others wait. `redis-cli slowlog get` shows its arguments. Good: none.',
      'percentunit',
      [panel.query(queries.by_command('pantrywatch_cache_slow_commands_seconds_total') + ' > 0', '{{cmd}}')],
      'No slow command in the time range shown. ' + queries.silent + queries.blind + ' Only the exporter of this bundle has this.',
    ),
    panel.timeseries(
      'Slow commands by kind',
      'New entries in the slow log per second, by command. Not read: entries that the exporter missed, because more came between two scrapes than it reads at once (128) or the server keeps (slowlog-max-len).',
      'ops',
      [
        panel.query(queries.by_command('pantrywatch_cache_slow_commands_total') + ' > 0', '{{cmd}}'),
        panel.query(queries.rate('pantrywatch_cache_slow_commands_passed_over_total') + ' > 0', '{{instance}} not read'),
      ],
      'No slow command in the time range shown. ' + queries.silent + queries.blind + ' Only the exporter of this bundle has this.',
    ),
    panel.timeseries(
      'Server CPU',
      'CPU time the server uses; 100% is one core. Commands run in one thread: at 100% it is saturated, however many cores the machine has.',
      'percentunit',
      [panel.query('%s + on (instance) %s' % [queries.rate('redis_cpu_sys_seconds_total'), queries.rate('redis_cpu_user_seconds_total')], '{{instance}}')],
      queries.silent,
      // One thread.
    ) + panel.limits([[null, colors.kept], [0.8, colors.near], [1, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Network',
      'Bytes per second to and from the server. Sent far above received: large values are read often. Use smaller values, or fewer reads.',
      'Bps',
      [
        panel.query(queries.rate('redis_net_input_bytes_total'), '{{instance}} received'),
        panel.query(queries.rate('redis_net_output_bytes_total'), '{{instance}} sent'),
      ],
      queries.silent,
    ),
    panel.timeseries(
      'Response time of checks (probe)',
      'Time of checks that send a command and wait for the reply, including network and queueing. Far above the command latency: the network, or the server is busy.',
      's',
      [panel.query('max by (check) (probe_duration_seconds{kind="redis"})', '{{check}}')],
      'No check of kind redis is configured: add one to settings.yaml.',
    ) + panel.to_board('synthetic', 'All checks'),
  ]
