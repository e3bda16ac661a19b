// The checks: what does somebody see who uses the CRM from outside, and do the checks themselves run? A file a row in synthetic/.
local board = import 'lib/board.libsonnet';
local variables = import 'lib/variables.libsonnet';

board.new(
  'synthetic',
  'CRM checks',
  'Synthetic checks (basis: probe): what does somebody see who uses the CRM from outside, step by step, and do the checks themselves run?',
  [
    variables.many('kind', 'Kind', 'pantrywatch_check_interval_seconds', 'kind', 'Kinds of checks.'),
    variables.many('check', 'Check', 'pantrywatch_check_interval_seconds{kind=~"$kind"}', 'check', 'Checks of the chosen kinds, as named in settings.yaml.'),
  ],
  [
    board.row('Status: what fails, since when?', import 'synthetic/health.libsonnet'),
    board.row('Problems: how often, and why?', import 'synthetic/problems.libsonnet'),
    board.row('Performance: what takes the time?', import 'synthetic/performance.libsonnet'),
    board.row('Journeys, step by step', import 'synthetic/journeys.libsonnet'),
    board.row('Certificates, names, answers', import 'synthetic/answers.libsonnet', collapsed=true),
    board.row('Do the checks themselves run?', import 'synthetic/runs.libsonnet', collapsed=true),
  ],
  alerts='alertname=~"Crm(Synthetic|MonitoringCheck|.+Availability).*"',
)
