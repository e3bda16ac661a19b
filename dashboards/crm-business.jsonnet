// The work people do in the CRM, as the traffic of its API tells it: how much, does it succeed, does slow mean less used?
local board = import 'lib/board.libsonnet';
local variables = import 'lib/variables.libsonnet';

board.new(
  'business',
  'CRM business',
  'The work people do in the CRM, told by the traffic of its API (basis: traffic): how much is done, does it succeed, and does slow mean less used? Requests of checks are among it. What only the database knows – pipeline, conversion, follow-ups – is not measured yet.',
  [
    variables.many('application', 'Instance', 'http_server_request_duration_seconds_count', 'instance', 'Instances of the application.'),
  ],
  [
    board.row('Status: do people get their work done?', import 'business/health.libsonnet'),
    board.row('Problems: what could they not do?', import 'business/problems.libsonnet'),
    board.row('Performance beside use: does slow mean less used?', import 'business/performance.libsonnet'),
    board.row('Habits: how do they work?', import 'business/habits.libsonnet'),
  ],
  alerts='alertname=~"Crm(Api|SystemAvailability).+"',
)
