// Are users fine, and if not, where do I look? A file a row in overview/. Grafana opens with this board.
local board = import 'lib/board.libsonnet';

board.new(
  'overview',
  'CRM overview',
  'Are users fine, and if not, where do I look? The health of every layer, every promise beside what was measured, and what will be full soon.',
  [],
  [
    board.row('Status: are users fine?', import 'overview/health.libsonnet'),
    board.row('Promises: do we keep what we promised?', import 'overview/promises.libsonnet'),
    board.row('Performance: traffic, errors, time', import 'overview/signals.libsonnet'),
    board.row('Headroom: what will be full?', import 'overview/headroom.libsonnet'),
  ],
)
