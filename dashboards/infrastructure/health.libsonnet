// Is a machine short of something?
function(config)
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local alerts = config.alerts;
  local percent = (import '../../alert_rules/lib/numbers.libsonnet').percent;
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local judged(steps, fields={}) = status.colored({ thresholds: status.steps(steps) } + fields);
  [
    panel.table(
      'Hosts, busiest first',
      'Each machine now (over five minutes). A busy CPU harms nobody while nobody waits: waiting is the share of time that some task waited for CPU, disk or memory (pressure). Good: waiting below ' + percent(alerts.CrmHostMemoryThrashing.waiting) + ', memory above ' + percent(alerts.CrmHostMemoryLow.available) + ', disks below 80%. Click a host to see only that one.',
      'percentunit',
      [
        panel.rows('min by (instance) (up{%s, %s})' % [config.selectors.host, queries.host]),
        panel.rows(queries.of_host(signals.host.cpu_busy.expr(queries.host))),
        panel.rows('max by (instance) (node_load5{%s}) / on (instance) (max by (instance) (count by (job, instance) (rate(node_cpu_seconds_total{%s, mode="idle"}[5m]))) > 0)' % [queries.host, queries.host]),
        panel.rows(queries.recent('node_pressure_cpu_waiting_seconds_total')),
        panel.rows(queries.recent('node_pressure_io_waiting_seconds_total')),
        panel.rows(queries.recent('node_pressure_memory_waiting_seconds_total')),
        panel.rows(queries.available),
        panel.rows('max by (instance) (%s)' % queries.disk_used('instance, device, mountpoint')),
        panel.rows('time() - max by (instance) (node_boot_time_seconds{%s})' % queries.host),
      ],
      'No host is monitored, or none responds.',
      [
        ['instance', 'Host', { links: [{ title: 'Only this host', url: '/d/crm-infrastructure?var-host=${__value.raw:percentencode}&${datasource:queryparam}&${__url_time_range}', targetBlank: false }] }],
        ['Value #A', 'Exporter', status.colored({ unit: 'none', decimals: 0, mappings: status.texts({ '0': ['down', colors.hurt], '1': ['up', colors.kept] }) })],
        ['Value #B', 'CPU busy', judged([[null, colors.kept], [alerts.CrmHostCpuSaturated.busy, colors.near]], { decimals: 0 })],
        ['Value #C', 'Load per core', { unit: 'none', decimals: 2 }],
        ['Value #D', 'CPU waiting', judged([[null, colors.kept], [alerts.CrmHostCpuSaturated.waiting, colors.broken]], { decimals: 0 })],
        ['Value #E', 'Disk waiting', judged([[null, colors.kept], [alerts.CrmHostDiskSaturated.waiting, colors.broken]], { decimals: 0 })],
        ['Value #F', 'Memory waiting', judged([[null, colors.kept], [alerts.CrmHostMemoryThrashing.waiting, colors.broken]], { decimals: 0 })],
        ['Value #G', 'Memory available', judged([[null, colors.hurt], [alerts.CrmHostMemoryExhausted.available, colors.broken], [alerts.CrmHostMemoryLow.available, colors.kept]], { decimals: 0 })],
        ['Value #H', 'Fullest disk', judged([[null, colors.kept], [0.8, colors.near], [1 - alerts.CrmHostDiskNearlyFull.left, colors.broken]], { decimals: 0 })],
        ['Value #I', 'Uptime', { unit: 's', decimals: 1 }],
      ],
      'CPU busy',
      width=24,
      height=5,
    ),
    status.promised(['system-availability', 'db-availability']),
    status.firing(['alertname=~"Crm(Host|Network).+"', 'target=~"system-availability|db-availability"', 'alertname=~"CrmMonitoring.+", ' + config.selectors.host]),
  ]
