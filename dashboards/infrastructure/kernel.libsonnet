// Files, sockets, clock, kernel.
function(config)
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local alerts = config.alerts;
  local percent = (import '../../alert_rules/lib/numbers.libsonnet').percent;
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.timeseries(
      signals.host.file_descriptors_used.title,
      'File handles in use as a share of the limit. Good: below ' + percent(alerts.CrmHostFileDescriptorsHigh.share) + '. Above: see Open files by group.',
      'percentunit',
      [panel.query(queries.of_host(signals.host.file_descriptors_used.expr(queries.host)), '{{instance}}')],
      queries.silent,
    ) + panel.ratio + panel.limits([[null, colors.kept], [alerts.CrmHostFileDescriptorsHigh.share, colors.broken]]) + panel.lines,
    panel.timeseries(
      'TCP connections',
      'Established connections, and those in TIME_WAIT. TIME_WAIT in the tens of thousands: a client opens a connection per request.',
      'short',
      [
        panel.query(queries.newest('node_netstat_Tcp_CurrEstab'), '{{instance}} established'),
        panel.query(queries.newest('node_sockstat_TCP_tw'), '{{instance}} TIME_WAIT'),
      ],
      queries.silent,
    ) + panel.decimals(0),
    panel.timeseries(
      'Listen queue overflows',
      'Connections per second dropped because a program did not accept them in time. Good: 0. Above: the program is stuck, or its backlog is too small.',
      'ops',
      [panel.query(queries.rate('node_netstat_TcpExt_ListenOverflows'), '{{instance}}')],
      queries.silent,
    ),
    panel.timeseries(
      'Tracked connections',
      'Entries in the connection tracking table as a share of its limit. Full: new connections are silently dropped.',
      'percentunit',
      [panel.query(queries.share(queries.newest('node_nf_conntrack_entries'), queries.newest('node_nf_conntrack_entries_limit')), '{{instance}}')],
      queries.silent + ' Or the machine does not track connections.',
    ) + panel.ratio + panel.limits([[null, colors.kept], [0.8, colors.broken]]) + panel.lines,
    panel.timeseries(
      signals.host.clock_offset.title,
      'Clock of each machine minus that of Prometheus; includes the time of the scrape. Good: far below a second. Above two: logins with one-time codes fail and logs no longer line up. Check the time service.',
      's',
      [panel.query(queries.of_host(signals.host.clock_offset.expr(queries.host)), '{{instance}}')],
      queries.silent,
    ) + panel.limits([[null, colors.broken], [-alerts.CrmHostClockWrong.seconds, colors.kept], [alerts.CrmHostClockWrong.seconds, colors.broken]]) + panel.lines,
    panel.states(
      'Clock synchronization',
      'Whether the kernel reports that its clock is kept by a time service. A virtual machine that takes its time from its host never does, and is right: see Clock offset.',
      [panel.query('min by (instance) (node_timex_sync_status{%s})' % queries.host, '{{instance}}')],
      queries.silent,
      width=8,
    ) + panel.texts({ '0': ['not synchronized', colors.unknown], '1': ['synchronized', colors.kept] }),
    panel.timeseries(
      'Context switches and forks',
      'Context switches and new processes, per second. Many processes: a script that starts one per item.',
      'ops',
      [
        panel.query(queries.rate('node_context_switches_total'), '{{instance}} switches'),
        panel.query(queries.rate('node_forks_total'), '{{instance}} forks'),
      ],
      queries.silent,
      width=12,
    ) + panel.logarithmic,
    panel.timeseries(
      'Packets dropped by the kernel',
      'Packets dropped because a CPU queue was full, and polls that ended with work left, per second. Good: 0.',
      'ops',
      [
        panel.query(queries.rate('node_softnet_dropped_total'), '{{instance}} dropped'),
        panel.query(queries.rate('node_softnet_times_squeezed_total'), '{{instance}} work left'),
      ],
      queries.silent,
      width=12,
    ),
  ]
