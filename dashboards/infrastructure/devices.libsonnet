// Disks and network.
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  local disk(metric) = queries.rate(metric, 'instance, device', queries.devices);
  local net(metric) = queries.rate(metric, 'instance, device', queries.interfaces);
  local time(spent, done) = queries.share(disk(spent), disk(done), 'instance, device');

  [
    panel.timeseries(
      'Disk queue',
      'Average number of requests in progress at each disk. Good: below the line. Above for long: each of them waits; compare with Request latency.',
      'short',
      [panel.query(disk('node_disk_io_time_weighted_seconds_total'), '{{instance}} {{device}}')],
      queries.silent,
    ) + panel.limits([[null, colors.kept], [alerts.CrmHostDiskSaturated.queue, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Request latency',
      'Average time of a read and a write on each disk. Good: below a millisecond on SSDs, ten on spinning disks. Slow with a short queue: the disk, or the storage behind it.',
      's',
      [
        panel.query(time('node_disk_read_time_seconds_total', 'node_disk_reads_completed_total'), '{{instance}} {{device}} read'),
        panel.query(time('node_disk_write_time_seconds_total', 'node_disk_writes_completed_total'), '{{instance}} {{device}} write'),
      ],
      queries.silent + ' Or the disks were idle.',
    ),
    panel.timeseries(
      'Disk busy',
      'Share of time that each disk had something to do. A disk that serves many requests at once can be busy all the time without being saturated.',
      'percentunit',
      [panel.query(disk('node_disk_io_time_seconds_total'), '{{instance}} {{device}}')],
      queries.silent,
    ) + panel.ratio + panel.decimals(1),
    panel.timeseries(
      'Disk throughput',
      'Bytes per second read and written. To find out by whom: Process groups, and the row Writing on the database board.',
      'Bps',
      [
        panel.query(disk('node_disk_read_bytes_total'), '{{instance}} {{device}} read'),
        panel.query(disk('node_disk_written_bytes_total'), '{{instance}} {{device}} written'),
      ],
      queries.silent,
    ) + panel.decimals(1),
    panel.timeseries(
      'Network throughput',
      'Bytes per second received and sent by each interface, without loopback and container interfaces. Near the speed of the link: it is saturated.',
      'Bps',
      [
        panel.query(net('node_network_receive_bytes_total'), '{{instance}} {{device}} received'),
        panel.query(net('node_network_transmit_bytes_total'), '{{instance}} {{device}} sent'),
      ],
      queries.silent,
    ) + panel.decimals(1),
    panel.timeseries(
      'Network errors',
      'Packets per second with errors or dropped, and the share of TCP segments retransmitted. Good: 0, and below 1%. Above: cable, switch, a saturated link, or a kernel queue.',
      'ops',
      [
        panel.query('%s + on (instance, device) %s' % [net('node_network_receive_errs_total'), net('node_network_transmit_errs_total')], '{{instance}} {{device}} errors'),
        panel.query('%s + on (instance, device) %s' % [net('node_network_receive_drop_total'), net('node_network_transmit_drop_total')], '{{instance}} {{device}} dropped'),
        panel.query(queries.share(queries.rate('node_netstat_Tcp_RetransSegs'), queries.rate('node_netstat_Tcp_OutSegs')), '{{instance}} retransmitted'),
      ],
      queries.silent,
    ) + panel.one_like('retransmitted$', { unit: 'percentunit', 'custom.axisPlacement': 'right', min: 0 }),
  ]
