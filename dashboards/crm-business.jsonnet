// The work people do in the CRM, as the traffic of its API and its tables tell it: how much, does it succeed, what comes of it?
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local board = import 'lib/board.libsonnet';
  local variables = import 'lib/variables.libsonnet';

  board.new(
    'business',
    'CRM business',
    'What people do in the CRM, seen in the traffic of its API (basis: traffic): how much, does it succeed, and does slow mean less used? Requests of checks are included. Pipeline, customers and users are counted in the tables of the CRM (`database[].business` of settings.yaml).',
    [
      variables.many('application', 'Instance', 'http_server_request_duration_seconds_count', 'instance', 'Instances of the application.'),
      variables.many('action', 'Activity', 'http_server_request_duration_seconds_count{instance=~"$application", action!=""}', 'action', 'What users do (application.actions of settings.yaml).'),
    ],
    [
      board.row('Status: do people get their work done?', (import 'business/health.libsonnet')(config)),
      board.row('Problems: what could people not do?', (import 'business/problems.libsonnet')(config)),
      board.row('Pipeline and customers: what comes of the work?', (import 'business/pipeline.libsonnet')(config)),
      board.row('Users: who uses the CRM, and for what?', (import 'business/people.libsonnet')(config)),
      board.row('Performance and usage: does slow mean less used?', (import 'business/performance.libsonnet')(config)),
      board.row('Habits: how do people work?', (import 'business/habits.libsonnet')(config)),
    ],
    alerts='alertname=~"Crm(Api|Business|SystemAvailability).+"',
  )
