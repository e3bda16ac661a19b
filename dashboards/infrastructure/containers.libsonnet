// Container limits beside the host.
function(config)
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local newest = queries.newest;
  local none = 'The exporter does not run in a control group with limits of its own: the host limits apply.';

  [
    panel.timeseries(
      'Container CPU',
      'Cores used, and the limit where there is one. At the line it is throttled: responses are late while the host is idle.',
      'short',
      [
        panel.query(queries.rate('pantrywatch_container_cpu_usage_seconds_total'), '{{instance}} used'),
        panel.query(newest('pantrywatch_container_cpu_limit_cores'), '{{instance}} limit'),
      ],
      none,
    ) + panel.limit_series('limit'),
    panel.timeseries(
      signals.host.container_throttled.title,
      'Share of periods in which the limit stopped it. Good: below a quarter. Above for long: raise the limit.',
      'percentunit',
      [panel.query(queries.of_host(signals.host.container_throttled.expr(queries.host, '$__rate_interval')), '{{instance}}')],
      none,
    ) + panel.ratio + panel.limits([[null, colors.kept], [alerts.CrmHostContainerCpuThrottled.share, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Container memory',
      'The working set, which cannot be dropped, and the limit. At the line the kernel kills a process.',
      'bytes',
      [
        panel.query(newest('pantrywatch_container_memory_working_set_bytes'), '{{instance}} working set'),
        panel.query(newest('pantrywatch_container_memory_limit_bytes'), '{{instance}} limit'),
      ],
      none,
    ) + panel.decimals(1) + panel.limit_series('limit'),
    panel.timeseries(
      'OOM kills in the container',
      'Processes the kernel killed because the container was at its memory limit. Good: 0.',
      'short',
      [panel.query('sum by (instance) (increase(pantrywatch_container_oom_kills_total{%s}[$__rate_interval]))' % queries.host, '{{instance}}')],
      none,
      width=12,
    ) + panel.decimals(0) + panel.columns,
    panel.timeseries(
      'Container processes',
      'Processes and threads, and the limit where there is one. At the line nothing new can start.',
      'short',
      [
        panel.query(newest('pantrywatch_container_processes'), '{{instance}} processes'),
        panel.query(newest('pantrywatch_container_processes_limit'), '{{instance}} limit'),
      ],
      none,
      width=12,
    ) + panel.decimals(0) + panel.limit_series('limit'),
  ]
