// Are users fine, and if not, where do I look? A file a row in overview/. Grafana opens with this board.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local board = import 'lib/board.libsonnet';

  board.new(
    'overview',
    'CRM overview',
    'Are users fine, and if not, where do I look? The health of every layer, every target with its measurements, and what will be full soon.',
    [],
    [
      board.row('Status: are users fine?', (import 'overview/health.libsonnet')(config)),
      board.row('Targets: are we meeting them?', (import 'overview/slo_targets.libsonnet')(config)),
      board.row('Performance: traffic, errors, latency', (import 'overview/signals.libsonnet')(config)),
      board.row('Delivery: do changes hold?', (import 'overview/delivery.libsonnet')(config)),
      board.row('Headroom: what will be full?', (import 'overview/headroom.libsonnet')(config)),
    ],
  )
