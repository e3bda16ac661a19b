// The machines: is one of them short of something, and who uses it up? A file a row in infrastructure/.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local board = import 'lib/board.libsonnet';
  local variables = import 'lib/variables.libsonnet';

  board.new(
    'infrastructure',
    'CRM infrastructure',
    "The machines: is one of them short of CPU, memory, disk or network, since when, and who uses it? Metric names are node_exporter's, so its hosts are shown too.",
    [
      variables.many('host', 'Host', 'node_boot_time_seconds', 'instance', 'Monitored machines.'),
    ],
    [
      board.row('Status: is a machine short of something?', (import 'infrastructure/health.libsonnet')(config)),
      board.row('Dependencies: who needs whom, and does it answer?', (import 'infrastructure/dependencies.libsonnet')(config)),
      board.row('Problems: what waits, and what will be full?', (import 'infrastructure/problems.libsonnet')(config)),
      board.row('Performance: CPU and memory', (import 'infrastructure/compute.libsonnet')(config)),
      board.row('Performance: disks and network', (import 'infrastructure/devices.libsonnet')(config)),
      board.row('Process groups: who uses it?', (import 'infrastructure/processes.libsonnet')(config)),
      board.row('Network paths to database, cache, API and third parties', (import 'infrastructure/network_paths.libsonnet')(config), collapsed=true),
      board.row('Container limits', (import 'infrastructure/containers.libsonnet')(config), collapsed=true),
      board.row('Detail: files, sockets, clock, kernel', (import 'infrastructure/kernel.libsonnet')(config), collapsed=true),
    ],
    alerts='alertname=~"Crm(Host|Network|SystemAvailability|DbAvailability).+"',
  )
