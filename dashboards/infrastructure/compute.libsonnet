// Processor and memory.
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local sum(metric) = 'sum(%s{%s})' % [metric, queries.host];

[
  panel.timeseries(
    'CPU by mode',
    'What the processors of all chosen hosts together do, idle left out. user: programs; system: the kernel for them; iowait: idle because of a disk; steal: the machine below took it away – ask who runs it.',
    'percentunit',
    [panel.query('sum by (mode) (rate(node_cpu_seconds_total{%(host)s, mode!="idle"}[$__rate_interval])) / on () group_left () (sum(rate(node_cpu_seconds_total{%(host)s}[$__rate_interval])) > 0)' % { host: queries.host }, '{{mode}}')],
    queries.silent,
  ) + panel.ratio + panel.decimals(1) + panel.stacked,
  panel.timeseries(
    'CPU busy by host',
    'Share of time the processors were not idle. High alone is no problem: compare with Waiting for a processor.',
    'percentunit',
    [panel.query(queries.share(queries.rate('node_cpu_seconds_total', selector=queries.host + ', mode!~"idle|iowait"'), queries.rate('node_cpu_seconds_total')), '{{instance}}')],
    queries.silent,
    // As CrmHostCpuSaturated.
  ) + panel.ratio + panel.decimals(1) + panel.limits([[null, colours.kept], [0.9, colours.near]]) + panel.lines,
  panel.timeseries(
    'Load against cores',
    'Tasks that run or want to (and those that wait for a disk), over one minute, and the number of cores. Above the dashed line for long: a queue.',
    'short',
    [
      panel.query(queries.newest('node_load1'), '{{instance}} load'),
      panel.query(queries.cores, '{{instance}} cores'),
    ],
    queries.silent,
  ) + panel.decimals(1) + panel.limit_series('cores'),
  panel.timeseries(
    'Memory available',
    'Share of memory that programs could still have; caches that can be dropped count as available. Good: above the upper line. Below the lower: something will be killed.',
    'percentunit',
    [panel.query(queries.available, '{{instance}}')],
    queries.silent,
    // As CrmHostMemoryExhausted and CrmHostMemoryLow.
  ) + panel.ratio + panel.decimals(1) + panel.limits([[null, colours.hurt], [0.05, colours.broken], [0.15, colours.kept]]) + panel.lines,
  panel.timeseries(
    'What the memory holds',
    "Memory of all chosen hosts together: of programs, of the kernel's caches of files (dropped when needed), and free. Programs growing for days: a leak – Process groups.",
    'bytes',
    [
      panel.query('%s - %s - %s - %s - %s' % [sum('node_memory_MemTotal_bytes'), sum('node_memory_MemFree_bytes'), sum('node_memory_Cached_bytes'), sum('node_memory_Buffers_bytes'), sum('node_memory_SReclaimable_bytes')], 'programs'),
      panel.query('%s + %s + %s' % [sum('node_memory_Cached_bytes'), sum('node_memory_Buffers_bytes'), sum('node_memory_SReclaimable_bytes')], 'caches'),
      panel.query(sum('node_memory_MemFree_bytes'), 'free'),
    ],
    queries.silent,
  ) + panel.decimals(1) + panel.stacked + panel.colour('programs', 'blue') + panel.colour('caches', 'light-blue') + panel.colour('free', colours.unknown),
  panel.timeseries(
    'Memory read back from disk',
    'Major page faults and pages swapped in, a second. Good: near 0; a starting program has some. Hundreds for long: memory is too small, and everything is slow.',
    'ops',
    [
      panel.query(queries.rate('node_vmstat_pgmajfault'), '{{instance}} faults'),
      panel.query(queries.rate('node_vmstat_pswpin'), '{{instance}} swapped in'),
    ],
    queries.silent,
    // As CrmHostMemoryThrashing.
  ) + panel.limits([[null, colours.kept], [500, colours.broken]]) + panel.lines,
]
