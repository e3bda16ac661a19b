// Who has to wait, and what will be full?
function(config)
  local alerts = config.alerts;
  local time = (import '../../alert_rules/lib/time.libsonnet')();
  local history = import '../lib/history.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local mount = 'instance, device, mountpoint, fstype';
  local newest(metric) = queries.newest(metric, mount, queries.disks);
  local left = 'node_filesystem_avail_bytes{%s}' % queries.disks;
  local waiting(what, limit, description, alert_like) = panel.timeseries(
    'Waiting for ' + what,
    description,
    'percentunit',
    [panel.query(queries.rate('node_pressure_%s_waiting_seconds_total' % alert_like), '{{instance}}')],
    queries.pressure,
  ) + panel.ratio + panel.decimals(1) + panel.limits([[null, colors.kept], [limit, colors.broken]]) + panel.lines;

  [
    waiting('CPU', alerts.CrmHostCpuSaturated.waiting, 'Share of time that some task was ready to run but had no CPU (pressure). Good: below the line. Above: see Process groups for who uses it; then add cores, or reduce work.', 'cpu'),
    waiting('memory', alerts.CrmHostMemoryThrashing.waiting, 'Share of time that some task waited for memory that had been dropped or swapped out (pressure). Good: 0. Above: the machine is too small for what runs on it; see Process groups.', 'memory'),
    waiting('disk', alerts.CrmHostDiskSaturated.waiting, 'Share of time that some task waited for a read or write (pressure). Good: below the line. Above: find the disk in Disk queue; the cause may be a backup, a checkpoint, or a statement that reads whole tables.', 'io'),
    panel.table(
      'Disks: space and time until full',
      'Each file system, fullest first. Full in: at the trend of the last six hours (an estimate: one large file skews it; empty where it does not fill up; too early until half of that time is known). Used is what `df` shows: blocks reserved for root count neither as used nor as available. When a disk is full, the database stops. Inodes run out where there are many small files.',
      'percentunit',
      [
        panel.rows(queries.disk_used(mount)),
        panel.rows(newest('node_filesystem_size_bytes')),
        panel.rows(newest('node_filesystem_avail_bytes')),
        panel.rows(history.or_early(
          'max by (%s) (%s / (- deriv(%s[6h]) > 0))' % [mount, left, left],
          history.known(left, '6h', mount),
          '(max by (%s) (%s) unless on (%s) %s)' % [mount, left, mount, history.known(left, '6h', mount)],
          mount
        )),
        panel.rows('1 - %s' % queries.share(newest('node_filesystem_files_free'), newest('node_filesystem_files'), mount)),
        panel.rows(newest('node_filesystem_readonly')),
      ],
      queries.silent,
      [
        ['instance', 'Host', { 'custom.width': 90 }],
        ['mountpoint', 'Mounted at'],
        ['Value #A', 'Used', status.colored({ decimals: 1, thresholds: status.steps([[null, colors.kept], [0.8, colors.near], [1 - alerts.CrmHostDiskNearlyFull.left, colors.broken]]) })],
        ['Value #B', 'Size', { unit: 'bytes', decimals: 1 }],
        ['Value #C', 'Available', { unit: 'bytes', decimals: 1 }],
        // A week is time to plan.
        ['Value #D', 'Full in', status.colored({ unit: 's', decimals: 1, mappings: status.texts(history.mapping), thresholds: status.steps([[null, colors.hurt], [time.seconds(alerts.CrmHostDiskFillingUp.ahead), colors.near], [7 * 86400, colors.kept]]) })],
        ['Value #E', 'Inodes used', status.colored({ decimals: 1, thresholds: status.steps([[null, colors.kept], [0.8, colors.near], [1 - alerts.CrmHostInodesNearlyFull.left, colors.broken]]) })],
        ['Value #F', 'Writable', status.colored({ unit: 'none', decimals: 0, mappings: status.texts({ '0': ['yes', colors.kept], '1': ['read-only', colors.near] }) })],
      ],
      'Used',
      width=16,
      height=6,
    ),
    panel.timeseries(
      'OOM kills',
      'Processes the kernel killed because memory ran out. Good: 0. Otherwise the kernel log names the process; often the largest, which may be the database.',
      'short',
      [panel.query('max by (instance) (sum by (job, instance) (increase(node_vmstat_oom_kill{%s}[$__rate_interval])))' % queries.host, '{{instance}}')],
      queries.silent,
      height=6,
    ) + panel.decimals(0) + panel.columns + panel.limits([[null, colors.kept], [1, colors.broken]]),
  ]
