// Is a machine short of something?
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local busy = queries.host + ', mode!~"idle|iowait"';
local judged(steps, fields={}) = status.coloured({ thresholds: status.steps(steps) } + fields);
local used(free, size) = |||
  max by (instance) (
    1 - max by (instance, mountpoint) (%(free)s{%(disks)s})
      / on (instance, mountpoint) (max by (instance, mountpoint) (%(size)s{%(disks)s}) > 0)
  )
||| % { free: free, size: size, disks: queries.disks };

[
  panel.table(
    'Hosts, the busiest first',
    'Each machine now (over five minutes). Busy harms nobody while nobody waits: waiting is the share of time that some task had to wait for processor, disk or memory (pressure). Good: waiting below 10 %, memory above 15 %, disks below 80 %. A click on a host shows it alone.',
    'percentunit',
    [
      panel.rows('min by (instance) (up{job="host", %s})' % queries.host),
      panel.rows(queries.share(queries.recent('node_cpu_seconds_total', selector=busy), queries.recent('node_cpu_seconds_total'))),
      panel.rows('max by (instance) (node_load5{%s}) / on (instance) (count by (instance) (rate(node_cpu_seconds_total{%s, mode="idle"}[5m])) > 0)' % [queries.host, queries.host]),
      panel.rows(queries.recent('node_pressure_cpu_waiting_seconds_total')),
      panel.rows(queries.recent('node_pressure_io_waiting_seconds_total')),
      panel.rows(queries.recent('node_pressure_memory_waiting_seconds_total')),
      panel.rows(queries.available),
      panel.rows(used('node_filesystem_avail_bytes', 'node_filesystem_size_bytes')),
      panel.rows('time() - max by (instance) (node_boot_time_seconds{%s})' % queries.host),
    ],
    'No host is watched, or none answers.',
    [
      ['instance', 'Host', { links: [{ title: 'Only this host', url: '/d/crm-infrastructure?var-host=${__value.raw}&${datasource:queryparam}&${__url_time_range}', targetBlank: false }] }],
      ['Value #A', 'Exporter', status.coloured({ unit: 'none', decimals: 0, mappings: status.texts({ '0': ['down', colours.hurt], '1': ['up', colours.kept] }) })],
      // Limits as those of CrmHostCpuSaturated, CrmHostDiskSaturated, CrmHostMemoryThrashing, CrmHostMemoryLow and
      // CrmHostMemoryExhausted, CrmHostDiskNearlyFull.
      ['Value #B', 'CPU busy', judged([[null, colours.kept], [0.9, colours.near]], { decimals: 0 })],
      ['Value #C', 'Load a core', { unit: 'none', decimals: 2 }],
      ['Value #D', 'CPU waiting', judged([[null, colours.kept], [0.25, colours.broken]], { decimals: 0 })],
      ['Value #E', 'Disk waiting', judged([[null, colours.kept], [0.2, colours.broken]], { decimals: 0 })],
      ['Value #F', 'Memory waiting', judged([[null, colours.kept], [0.1, colours.broken]], { decimals: 0 })],
      ['Value #G', 'Memory available', judged([[null, colours.hurt], [0.05, colours.broken], [0.15, colours.kept]], { decimals: 0 })],
      ['Value #H', 'Fullest disk', judged([[null, colours.kept], [0.8, colours.near], [0.95, colours.broken]], { decimals: 0 })],
      ['Value #I', 'Running for', { unit: 's', decimals: 1 }],
    ],
    'CPU busy',
    width=24,
    height=5,
  ),
  status.promised(['system-availability', 'db-availability']),
  status.firing(['alertname=~"CrmHost.+"', 'target=~"system-availability|db-availability"', 'alertname=~"CrmMonitoring.+", job="host"']),
]
