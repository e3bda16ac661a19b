// Can I trust the rest? A file a row in monitoring/.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local board = import 'lib/board.libsonnet';

  board.new(
    'monitoring',
    'CRM monitoring',
    'Can I trust the other boards? What is scraped, what the exporters can and cannot see, whether rules and notifications work, and which resources the monitoring uses.',
    [],
    [
      board.row('Status: does the monitoring work?', (import 'monitoring/status.libsonnet')(config)),
      board.row('Exporters: what do they see?', (import 'monitoring/exporters.libsonnet')(config)),
      board.row('Rules and notifications: would anybody be notified?', (import 'monitoring/alerting.libsonnet')(config)),
      board.row('Storage and resource usage', (import 'monitoring/resource_usage.libsonnet')(config), collapsed=true),
    ],
    alerts='layer="monitoring"',
  )
