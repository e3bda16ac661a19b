// Can I trust the rest? A file a row in monitoring/.
local board = import 'lib/board.libsonnet';

board.new(
  'monitoring',
  'CRM monitoring',
  'Can I trust the other boards? What is scraped, what the exporters see and what they may not, whether rules and notifications work, and what the monitoring itself costs.',
  [],
  [
    board.row('Status: does the monitoring work?', import 'monitoring/status.libsonnet'),
    board.row('Exporters: what do they see?', import 'monitoring/exporters.libsonnet'),
    board.row('Rules and notifications: would anybody be told?', import 'monitoring/alerting.libsonnet'),
    board.row('Storage and cost: what does it take?', import 'monitoring/cost.libsonnet', collapsed=true),
  ],
  alerts='layer="monitoring"',
)
