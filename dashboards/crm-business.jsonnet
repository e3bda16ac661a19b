// The work people do in the CRM, as the traffic of its API tells it: how much, does it succeed, does slow mean less used?
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local board = import 'lib/board.libsonnet';
  local variables = import 'lib/variables.libsonnet';

  board.new(
    'business',
    'CRM business',
    'What people do in the CRM, seen in the traffic of its API (basis: traffic): how much, does it succeed, and does slow mean less used? Requests of checks are included. What only the database knows (pipeline, conversion, follow-ups) is not measured yet.',
    [
      variables.many('application', 'Instance', 'http_server_request_duration_seconds_count', 'instance', 'Instances of the application.'),
      variables.many('action', 'Activity', 'http_server_request_duration_seconds_count{instance=~"$application", action!=""}', 'action', 'What users do (application.actions of settings.yaml).'),
    ],
    [
      board.row('Status: do people get their work done?', (import 'business/health.libsonnet')(config)),
      board.row('Problems: what could people not do?', (import 'business/problems.libsonnet')(config)),
      board.row('Performance and usage: does slow mean less used?', (import 'business/performance.libsonnet')(config)),
      board.row('Habits: how do people work?', (import 'business/habits.libsonnet')(config)),
    ],
    alerts='alertname=~"Crm(Api|SystemAvailability).+"',
  )
