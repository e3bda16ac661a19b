// Files, sockets, clock, kernel.
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Open files of the machine',
    'File handles in use, of the most there can be. Good: below 80 %. Above: Open files by group.',
    'percentunit',
    [panel.query(queries.share(queries.newest('node_filefd_allocated'), queries.newest('node_filefd_maximum')), '{{instance}}')],
    queries.silent,
    // As CrmHostFileDescriptorsHigh.
  ) + panel.ratio + panel.limits([[null, colours.kept], [0.8, colours.broken]]) + panel.lines,
  panel.timeseries(
    'TCP connections',
    'Established, and those that wait out their end (time wait). Time wait in tens of thousands: somebody connects anew for each request.',
    'short',
    [
      panel.query(queries.newest('node_netstat_Tcp_CurrEstab'), '{{instance}} established'),
      panel.query(queries.newest('node_sockstat_TCP_tw'), '{{instance}} time wait'),
    ],
    queries.silent,
  ) + panel.decimals(0),
  panel.timeseries(
    'Connections refused by the kernel',
    'Connections dropped because a program did not accept them in time, a second. Good: 0. Above: the program is stuck, or its backlog too small.',
    'ops',
    [panel.query(queries.rate('node_netstat_TcpExt_ListenOverflows'), '{{instance}}')],
    queries.silent,
  ),
  panel.timeseries(
    'Connections tracked',
    "Entries of the firewall's table, of the most there can be. Full: new connections are dropped without a word.",
    'percentunit',
    [panel.query(queries.share(queries.newest('node_nf_conntrack_entries'), queries.newest('node_nf_conntrack_entries_limit')), '{{instance}}')],
    queries.silent + ' Or the machine tracks no connections.',
  ) + panel.ratio + panel.limits([[null, colours.kept], [0.8, colours.broken]]) + panel.lines,
  panel.timeseries(
    'Clock',
    'Clock of each machine less that of Prometheus; the time of a scrape is in it. Good: far below a second. Above two: log-ins with one-time codes and comparisons of logs go wrong – look at its time service.',
    's',
    [panel.query('max by (instance) (node_time_seconds{%(host)s} - on (job, instance) timestamp(node_time_seconds{%(host)s}))' % { host: queries.host }, '{{instance}}')],
    queries.silent,
    // As CrmHostClockWrong.
  ) + panel.limits([[null, colours.broken], [-2, colours.kept], [2, colours.broken]]) + panel.lines,
  panel.states(
    'Clock synchronised',
    'Whether the kernel says that its clock is kept by a time service. A virtual machine that takes its time from its host never says so, and is right: look at Clock.',
    [panel.query('min by (instance) (node_timex_sync_status{%s})' % queries.host, '{{instance}}')],
    queries.silent,
    width=8,
  ) + panel.texts({ '0': ['not by a service', colours.unknown], '1': ['synchronised', colours.kept] }),
  panel.timeseries(
    'Switches and new processes',
    'Context switches and processes begun, a second. Many processes: a script that starts one for each item.',
    'ops',
    [
      panel.query(queries.rate('node_context_switches_total'), '{{instance}} switches'),
      panel.query(queries.rate('node_forks_total'), '{{instance}} processes begun'),
    ],
    queries.silent,
    width=12,
  ) + panel.logarithmic,
  panel.timeseries(
    'Packets the kernel could not take',
    'Packets dropped because the queue of a processor was full, and turns that ended with work left, a second. Good: 0.',
    'ops',
    [
      panel.query(queries.rate('node_softnet_dropped_total'), '{{instance}} dropped'),
      panel.query(queries.rate('node_softnet_times_squeezed_total'), '{{instance}} work left'),
    ],
    queries.silent,
    width=12,
  ),
]
