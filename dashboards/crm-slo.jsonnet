// One target in detail: how bad, how fast, what is the cause? A file a row in slo/.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local series = import '../alert_rules/lib/slo_series.libsonnet';
  local board = import 'lib/board.libsonnet';
  local months = import 'lib/months.libsonnet';
  local variables = import 'lib/variables.libsonnet';

  board.new(
    'slo',
    'CRM target in detail',
    'One documented target: how bad is it, how fast does its budget go, and what is the cause?',
    [variables.one('target', 'Target', series.measured, 'target', 'The documented targets (docs/targets.md).')],
    [
      board.row('Status: how bad is it?', (import 'slo/state.libsonnet')(config)),
      board.row('Burn rate: how fast does the budget go?', (import 'slo/burn.libsonnet')(config)),
      board.row('Causes: where do bad events come from?', (import 'slo/causes.libsonnet')(config)),
      board.row('Months: which kept what was promised?', [months.table('Months of the target', '{target="$target"}', 24, 12)]),
    ],
    alerts='target="$target"',
  )
