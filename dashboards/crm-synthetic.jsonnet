// The checks: what does somebody see who uses the CRM from outside, and do the checks themselves run? A file a row in synthetic/.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local board = import 'lib/board.libsonnet';
  local variables = import 'lib/variables.libsonnet';

  board.new(
    'synthetic',
    'CRM checks',
    'Synthetic checks (basis: probe): what do users experience, step by step, and are the checks themselves running?',
    [
      variables.many('kind', 'Kind', 'pantrywatch_check_interval_seconds', 'kind', 'Kinds of checks.'),
      variables.many('check', 'Check', 'pantrywatch_check_interval_seconds{kind=~"$kind"}', 'check', 'Checks of the chosen kinds, as named in settings.yaml.'),
    ],
    [
      board.row('Status: what is failing, and since when?', (import 'synthetic/health.libsonnet')(config)),
      board.row('Problems: how often, and why?', (import 'synthetic/problems.libsonnet')(config)),
      board.row('Performance: where does the time go?', (import 'synthetic/performance.libsonnet')(config)),
      board.row('Journeys, step by step', (import 'synthetic/journeys.libsonnet')(config)),
      board.row('Certificates, name resolution, responses, pages', (import 'synthetic/responses.libsonnet')(config), collapsed=true),
      board.row('Are the checks themselves running?', (import 'synthetic/runs.libsonnet')(config), collapsed=true),
    ],
    alerts='alertname=~"Crm(Synthetic|MonitoringCheck|.+Availability).*"',
  )
