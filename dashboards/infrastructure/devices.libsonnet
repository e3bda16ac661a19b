// Disks and network.
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local disk(metric) = queries.rate(metric, 'instance, device', queries.devices);
local net(metric) = queries.rate(metric, 'instance, device', queries.interfaces);
local time(spent, done) = queries.share(disk(spent), disk(done), 'instance, device');

[
  panel.timeseries(
    'Disk queue',
    'Requests under way at each disk on average. Good: below the line. Above for long: each of them waits – compare with Time of a request.',
    'short',
    [panel.query(disk('node_disk_io_time_weighted_seconds_total'), '{{instance}} {{device}}')],
    queries.silent,
    // As CrmHostDiskSaturated.
  ) + panel.limits([[null, colours.kept], [10, colours.broken]]) + panel.lines,
  panel.timeseries(
    'Time of a request',
    'How long a read and a write of each disk took on average. Good: below a millisecond on solid state, ten on a spinning disk. Slow with a short queue: the disk, or the storage behind it.',
    's',
    [
      panel.query(time('node_disk_read_time_seconds_total', 'node_disk_reads_completed_total'), '{{instance}} {{device}} read'),
      panel.query(time('node_disk_write_time_seconds_total', 'node_disk_writes_completed_total'), '{{instance}} {{device}} write'),
    ],
    queries.silent + ' Or the disks had nothing to do.',
  ),
  panel.timeseries(
    'Disk busy',
    'Share of time that each disk had something to do. A disk that works on many requests at once can be busy all the time and not be full.',
    'percentunit',
    [panel.query(disk('node_disk_io_time_seconds_total'), '{{instance}} {{device}}')],
    queries.silent,
  ) + panel.ratio + panel.decimals(1),
  panel.timeseries(
    'Disk throughput',
    "Bytes a second read and written. Who: Process groups, and on the database's board the row Writing.",
    'Bps',
    [
      panel.query(disk('node_disk_read_bytes_total'), '{{instance}} {{device}} read'),
      panel.query(disk('node_disk_written_bytes_total'), '{{instance}} {{device}} written'),
    ],
    queries.silent,
  ) + panel.decimals(1),
  panel.timeseries(
    'Network throughput',
    'Bytes a second received and sent by each interface; the loopback and those of containers are left out. Near the speed of the link: it is full.',
    'Bps',
    [
      panel.query(net('node_network_receive_bytes_total'), '{{instance}} {{device}} received'),
      panel.query(net('node_network_transmit_bytes_total'), '{{instance}} {{device}} sent'),
    ],
    queries.silent,
  ) + panel.decimals(1),
  panel.timeseries(
    'Network faults',
    'Packets a second that were broken or dropped, and the share of TCP segments that had to be sent again. Good: 0, and below 1 %. Above: cable, switch, a full link, or a queue of the kernel.',
    'ops',
    [
      panel.query('%s + on (instance, device) %s' % [net('node_network_receive_errs_total'), net('node_network_transmit_errs_total')], '{{instance}} {{device}} broken'),
      panel.query('%s + on (instance, device) %s' % [net('node_network_receive_drop_total'), net('node_network_transmit_drop_total')], '{{instance}} {{device}} dropped'),
      panel.query(queries.share(queries.rate('node_netstat_Tcp_RetransSegs'), queries.rate('node_netstat_Tcp_OutSegs')), '{{instance}} sent again'),
    ],
    queries.silent,
  ) + panel.one_like('sent again$', { unit: 'percentunit', 'custom.axisPlacement': 'right', min: 0 }),
]
