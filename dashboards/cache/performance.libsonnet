// Is it fast?
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local grown(metric) = 'sum by (cmd) (increase(%s{%s%s}[$__range]))' % [metric, queries.server, queries.work];

[
  panel.timeseries(
    'Time of commands (server)',
    'Percentiles of the time the server ran commands of the application: real ones, from its own histogram (Redis 7 and newer). The way to it and waiting in its queue are not counted; below 33 µs, the first edge, it is a guess. Good: below a millisecond.',
    's',
    [
      panel.query(queries.quantile('0.5'), 'p50'),
      panel.query(queries.quantile('0.95'), 'p95'),
      panel.query(queries.quantile('0.99'), 'p99'),
    ],
    queries.silent + queries.blind + ' Redis 6 has no histograms.',
  ) + panel.quantiles,
  panel.timeseries(
    'Time of commands, p95 by command',
    'Which command is slow. One of them far above the rest: it works on something large; use SCAN for KEYS, ranges with a limit, UNLINK for DEL.',
    's',
    [panel.query(queries.quantile('0.95', 'cmd'), '{{cmd}}')],
    queries.silent + queries.blind + ' Redis 6 has no histograms.',
  ),
  panel.heatmap(
    'Time of commands, spread',
    'How many commands of the application took how long, in microseconds on the left axis. Good: one dark band. A thin second band far above: a few large ones, each of which stops all others.',
    'µs',
    [panel.buckets('sum by (le) (increase(redis_commands_latencies_usec_bucket{%s%s}[$__rate_interval]))' % [queries.server, queries.work])],
    queries.silent + queries.blind + ' Redis 6 has no histograms.',
    width=8,
  ),
  panel.table(
    'Commands, most time first',
    'Over the time shown: how often each command ran, the server time it took, and how often it failed or was refused. All commands share one thread: the first row is where to save.',
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
      ['Value #D', 'Failed', status.coloured({ decimals: 0, thresholds: status.steps([[null, colours.plain], [1, colours.broken]]) })],
      ['Value #E', 'Refused', status.coloured({ decimals: 0, thresholds: status.steps([[null, colours.plain], [1, colours.broken]]) })],
    ],
    'Time',
    width=12,
    height=8,
  ),
  panel.timeseries(
    'Commands by kind',
    'Commands of the application a second. A new one, or ten times as many of an old one: what was deployed?',
    'ops',
    [panel.query('sum by (cmd) (rate(redis_commands_total{%s%s}[$__rate_interval]))' % [queries.server, queries.work], '{{cmd}}')],
    queries.silent,
    width=12,
  ),
  panel.timeseries(
    'CPU of the server',
    'Processor time the server uses: 100 % is one core. Commands run in one thread: there it is full, however many cores the machine has.',
    'percentunit',
    [panel.query('%s + on (instance) %s' % [queries.rate('redis_cpu_sys_seconds_total'), queries.rate('redis_cpu_user_seconds_total')], '{{instance}}')],
    queries.silent,
    // One thread.
  ) + panel.limits([[null, colours.kept], [0.8, colours.near], [1, colours.broken]]) + panel.lines,
  panel.timeseries(
    'Network',
    'Bytes a second to and from the server. Sent far above received: large values are read often – smaller values, or fewer reads.',
    'Bps',
    [
      panel.query(queries.rate('redis_net_input_bytes_total'), '{{instance}} received'),
      panel.query(queries.rate('redis_net_output_bytes_total'), '{{instance}} sent'),
    ],
    queries.silent,
  ),
  panel.timeseries(
    'Seen from outside (probe)',
    'Time of the checks that send a command and wait for its answer: with the way to the server and its queue. Far above the time of commands: the network, or the server is busy.',
    's',
    [panel.query('max by (check) (probe_duration_seconds{kind="redis"})', '{{check}}')],
    'No check of the kind redis runs: add one to settings.yaml.',
  ) + panel.to_board('synthetic', 'All checks'),
]
