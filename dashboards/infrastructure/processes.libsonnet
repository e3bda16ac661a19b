// Who uses it?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  local of(metric) = 'sum by (group) (%s{%s})' % [metric, queries.host];
  local none = 'No process groups: configure them in settings.yaml (host.process_groups); node_exporter has none.';

  [
    panel.timeseries(
      'CPU by group',
      'CPU time used by each process group, 100% is one core; "other" is everything else, so that the sum is the machine. Check first the one that grew when waiting began.',
      'percentunit',
      [panel.query(queries.rate('pantrywatch_process_group_cpu_seconds_total', 'group'), '{{group}}')],
      none,
    ) + panel.stacked,
    panel.timeseries(
      'Memory by group',
      "Resident memory of each group. Memory shared by processes (PostgreSQL's buffers) counts for each of them, so the sum may exceed the machine.",
      'bytes',
      [panel.query(of('pantrywatch_process_group_memory_rss_bytes'), '{{group}}')],
      none,
    ) + panel.decimals(1),
    panel.timeseries(
      'Processes by group',
      'Number of processes. 0: the service is gone. A slope: something starts processes and does not end them, or the database gets more and more sessions.',
      'short',
      [panel.query(of('pantrywatch_process_group_processes') + ' and on (group) sum by (group) (pantrywatch_process_group_processes{%s, group!="other"})' % queries.host, '{{group}}')],
      none,
    ) + panel.decimals(0),
    panel.timeseries(
      'Open files by group',
      'Open files and sockets of each group, of the processes the exporter may inspect. A slope: something is not closed.',
      'short',
      [panel.query(of('pantrywatch_process_group_open_files'), '{{group}}')],
      none,
    ) + panel.decimals(0),
    panel.timeseries(
      'Threads by group',
      'Threads of each group. A slope: a thread pool without a limit.',
      'short',
      [panel.query(of('pantrywatch_process_group_threads'), '{{group}}')],
      none,
    ) + panel.decimals(0),
    panel.timeseries(
      'TCP segments sent again by group',
      'Share of the TCP segments of each group that were sent again, because the other end did not answer in time. Good: below 1%. One group: the network on the way to what it talks to, or an overloaded peer. All: this machine. Connections that last less than one sample (15 seconds by default) are missing.',
      'percentunit',
      [panel.query(queries.share(queries.rate('pantrywatch_process_group_tcp_retransmits_total', 'group'), queries.rate('pantrywatch_process_group_tcp_segments_total', 'group'), 'group'), '{{group}}')],
      none + ' In a container without the network of its host they are not visible.',
    ) + panel.ratio + panel.decimals(2),
  ]
