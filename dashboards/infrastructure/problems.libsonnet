// Who has to wait, and what will be full?
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local mount = 'instance, device, mountpoint, fstype';
local newest(metric) = queries.newest(metric, mount, queries.disks);
local waiting(what, limit, description, alert_like) = panel.timeseries(
  'Waiting for ' + what,
  description,
  'percentunit',
  [panel.query(queries.rate('node_pressure_%s_waiting_seconds_total' % alert_like), '{{instance}}')],
  queries.pressure,
) + panel.ratio + panel.decimals(1) + panel.limits([[null, colours.kept], [limit, colours.broken]]) + panel.lines;

[
  // Limits as those of CrmHostCpuSaturated, CrmHostMemoryThrashing and CrmHostDiskSaturated.
  waiting('a processor', 0.25, 'Share of time that some task was ready and had no processor (pressure). Good: below the line. Above: who uses it – Process groups; then more cores, or less work.', 'cpu'),
  waiting('memory', 0.1, 'Share of time that some task waited for memory that had been dropped or swapped out (pressure). Good: 0. Above: the machine is too small for what runs there – Process groups.', 'memory'),
  waiting('a disk', 0.2, 'Share of time that some task waited for a read or write (pressure). Good: below the line. Above: which disk – Disks; who – a backup, a checkpoint, a statement that reads whole tables.', 'io'),
  panel.table(
    'Disks: space, and when it is gone',
    'Each file system, the fullest first. Full in: along the line of the last six hours (a guess: one large file bends it; empty where it does not fill). Full: the database stops. Inodes run out where there are many small files.',
    'percentunit',
    [
      panel.rows('1 - %s' % queries.share(newest('node_filesystem_avail_bytes'), newest('node_filesystem_size_bytes'), mount)),
      panel.rows(newest('node_filesystem_size_bytes')),
      panel.rows(newest('node_filesystem_avail_bytes')),
      panel.rows('max by (%(mount)s) (node_filesystem_avail_bytes{%(disks)s} / (- deriv(node_filesystem_avail_bytes{%(disks)s}[6h]) > 0))' % { mount: mount, disks: queries.disks }),
      panel.rows('1 - %s' % queries.share(newest('node_filesystem_files_free'), newest('node_filesystem_files'), mount)),
      panel.rows(newest('node_filesystem_readonly')),
    ],
    queries.silent,
    [
      ['instance', 'Host', { 'custom.width': 90 }],
      ['mountpoint', 'Mounted at'],
      ['Value #A', 'Used', status.coloured({ decimals: 1, thresholds: status.steps([[null, colours.kept], [0.8, colours.near], [0.95, colours.broken]]) })],
      ['Value #B', 'Size', { unit: 'bytes', decimals: 1 }],
      ['Value #C', 'Available', { unit: 'bytes', decimals: 1 }],
      // As CrmHostDiskFillingUp: a day. A week is time to plan.
      ['Value #D', 'Full in', status.coloured({ unit: 's', decimals: 1, thresholds: status.steps([[null, colours.hurt], [86400, colours.near], [7 * 86400, colours.kept]]) })],
      ['Value #E', 'Inodes used', status.coloured({ decimals: 1, thresholds: status.steps([[null, colours.kept], [0.8, colours.near], [0.95, colours.broken]]) })],
      ['Value #F', 'Writable', status.coloured({ unit: 'none', decimals: 0, mappings: status.texts({ '0': ['yes', colours.kept], '1': ['read-only', colours.near] }) })],
    ],
    'Used',
    width=16,
    height=6,
  ),
  panel.timeseries(
    'Killed for want of memory',
    'Processes the kernel killed, in each interval. Good: 0. One: which – the kernel log names it; often the largest, which may be the database.',
    'short',
    [panel.query('sum by (instance) (increase(node_vmstat_oom_kill{%s}[$__rate_interval]))' % queries.host, '{{instance}}')],
    queries.silent,
    height=6,
  ) + panel.decimals(0) + panel.columns + panel.limits([[null, colours.kept], [1, colours.broken]]),
]
