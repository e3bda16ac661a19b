// Processor and memory.
function(config)
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local sum(metric) = 'sum(max by (instance) (sum by (job, instance) (%s{%s})))' % [metric, queries.host];

  [
    panel.timeseries(
      'CPU by mode',
      'What the CPUs of all chosen hosts do, without idle. user: programs; system: the kernel on their behalf; iowait: idle because of a disk; steal: taken by the hypervisor, ask whoever runs it.',
      'percentunit',
      [panel.query('sum by (mode) (max by (instance, mode) (sum by (job, instance, mode) (rate(node_cpu_seconds_total{%(host)s, mode!="idle"}[$__rate_interval])))) / on () group_left () (sum(max by (instance) (sum by (job, instance) (rate(node_cpu_seconds_total{%(host)s}[$__rate_interval])))) > 0)' % { host: queries.host }, '{{mode}}')],
      queries.silent,
    ) + panel.ratio + panel.decimals(1) + panel.stacked,
    panel.timeseries(
      signals.host.cpu_busy.title,
      'Share of time the CPUs were not idle. High alone is not a problem: compare with Waiting for CPU.',
      'percentunit',
      [panel.query(queries.of_host(signals.host.cpu_busy.expr(queries.host, '$__rate_interval')), '{{instance}}')],
      queries.silent,
    ) + panel.ratio + panel.decimals(1) + panel.limits([[null, colors.kept], [alerts.CrmHostCpuSaturated.busy, colors.near]]) + panel.lines,
    panel.timeseries(
      'Load vs. cores',
      'Tasks running, runnable or waiting for a disk, averaged over one minute, and the number of cores. Above the dashed line for long: a queue.',
      'short',
      [
        panel.query(queries.newest('node_load1'), '{{instance}} load'),
        panel.query(queries.cores, '{{instance}} cores'),
      ],
      queries.silent,
    ) + panel.decimals(1) + panel.limit_series('cores'),
    panel.timeseries(
      signals.host.memory_available.title,
      'Share of memory that programs can still use; caches that can be dropped count as available. Good: above the upper line. Below the lower one: something will be killed.',
      'percentunit',
      [panel.query(queries.available, '{{instance}}')],
      queries.silent,
    ) + panel.ratio + panel.decimals(1) + panel.limits([[null, colors.hurt], [alerts.CrmHostMemoryExhausted.available, colors.broken], [alerts.CrmHostMemoryLow.available, colors.kept]]) + panel.lines,
    panel.timeseries(
      'Memory by use',
      "Memory of all chosen hosts together: programs, the kernel's file cache (dropped when needed), and free. Programs growing for days: a leak; see Process groups.",
      'bytes',
      [
        panel.query('%s - %s - %s - %s - %s' % [sum('node_memory_MemTotal_bytes'), sum('node_memory_MemFree_bytes'), sum('node_memory_Cached_bytes'), sum('node_memory_Buffers_bytes'), sum('node_memory_SReclaimable_bytes')], 'programs'),
        panel.query('%s + %s + %s' % [sum('node_memory_Cached_bytes'), sum('node_memory_Buffers_bytes'), sum('node_memory_SReclaimable_bytes')], 'caches'),
        panel.query(sum('node_memory_MemFree_bytes'), 'free'),
      ],
      queries.silent,
    ) + panel.decimals(1) + panel.stacked + panel.color('programs', 'blue') + panel.color('caches', 'light-blue') + panel.color('free', colors.unknown),
    panel.timeseries(
      'Major page faults',
      'Major page faults and pages swapped in, per second. Good: near 0; a starting program causes some. Hundreds for long: memory is too small, and everything is slow.',
      'ops',
      [
        panel.query(queries.rate('node_vmstat_pgmajfault'), '{{instance}} faults'),
        panel.query(queries.rate('node_vmstat_pswpin'), '{{instance}} swapped in'),
      ],
      queries.silent,
    ) + panel.limits([[null, colors.kept], [alerts.CrmHostMemoryThrashing.faults, colors.broken]]) + panel.lines,
  ]
