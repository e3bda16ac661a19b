// The machines: is one of them short of something, and who uses it up? A file a row in infrastructure/.
local board = import 'lib/board.libsonnet';
local variables = import 'lib/variables.libsonnet';

board.new(
  'infrastructure',
  'CRM infrastructure',
  "The machines: is one of them short of processor, memory, disk or network, since when, and who uses it up? Names are node_exporter's, so its hosts show here too.",
  [
    variables.many('host', 'Host', 'node_boot_time_seconds', 'instance', 'Machines watched.'),
  ],
  [
    board.row('Status: is a machine short of something?', import 'infrastructure/health.libsonnet'),
    board.row('Problems: who has to wait, and what will be full?', import 'infrastructure/problems.libsonnet'),
    board.row('Performance: processor and memory', import 'infrastructure/compute.libsonnet'),
    board.row('Performance: disks and network', import 'infrastructure/devices.libsonnet'),
    board.row('Process groups: who uses it?', import 'infrastructure/processes.libsonnet'),
    board.row('The way to database, cache, API and third parties', import 'infrastructure/ways.libsonnet', collapsed=true),
    board.row('Container limits beside the host', import 'infrastructure/containers.libsonnet', collapsed=true),
    board.row('Detail: files, sockets, clock, kernel', import 'infrastructure/kernel.libsonnet', collapsed=true),
  ],
  alerts='alertname=~"Crm(Host|SystemAvailability|DbAvailability).+"',
)
