// Container limits beside the host.
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local newest = queries.newest;
local none = 'The exporter runs in no control group of its own with limits: what the host has is all there is.';

[
  panel.timeseries(
    'CPU of the container',
    'Cores used, and its limit where it has one. At the line it is throttled: answers come late while the host is idle.',
    'short',
    [
      panel.query(queries.rate('pantrywatch_container_cpu_usage_seconds_total'), '{{instance}} used'),
      panel.query(newest('pantrywatch_container_cpu_limit_cores'), '{{instance}} limit'),
    ],
    none,
  ) + panel.limit_series('limit'),
  panel.timeseries(
    'Throttled',
    'Share of the periods in which the limit stopped it. Good: below a quarter. Above for long: raise the limit.',
    'percentunit',
    [panel.query(queries.share(queries.rate('pantrywatch_container_cpu_throttled_periods_total'), queries.rate('pantrywatch_container_cpu_periods_total')), '{{instance}}')],
    none,
    // As CrmHostContainerCpuThrottled.
  ) + panel.ratio + panel.limits([[null, colours.kept], [0.25, colours.broken]]) + panel.lines,
  panel.timeseries(
    'Memory of the container',
    'The working set, which cannot be dropped, and the limit. At the line the kernel kills.',
    'bytes',
    [
      panel.query(newest('pantrywatch_container_memory_working_set_bytes'), '{{instance}} working set'),
      panel.query(newest('pantrywatch_container_memory_limit_bytes'), '{{instance}} limit'),
    ],
    none,
  ) + panel.decimals(1) + panel.limit_series('limit'),
  panel.timeseries(
    'Killed in the container',
    'Processes the kernel killed because the container was at its limit. Good: 0.',
    'short',
    [panel.query('sum by (instance) (increase(pantrywatch_container_oom_kills_total{%s}[$__rate_interval]))' % queries.host, '{{instance}}')],
    none,
    width=12,
  ) + panel.decimals(0) + panel.columns,
  panel.timeseries(
    'Processes of the container',
    'Processes and threads, and the limit where it has one. At the line nothing new can start.',
    'short',
    [
      panel.query(newest('pantrywatch_container_processes'), '{{instance}} processes'),
      panel.query(newest('pantrywatch_container_processes_limit'), '{{instance}} limit'),
    ],
    none,
    width=12,
  ) + panel.decimals(0) + panel.limit_series('limit'),
]
