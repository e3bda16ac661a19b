// One promise in depth: how bad, how fast, what did it? A file a row in slo/.
local board = import 'lib/board.libsonnet';
local variables = import 'lib/variables.libsonnet';

board.new(
  'slo',
  'CRM promise in depth',
  'One documented target: how bad is it, how fast does it go, and what did it?',
  [variables.one('target', 'Target', 'slo:measured:bool', 'target', 'The documented targets, see docs/targets.md.')],
  [
    board.row('Status: how bad is it?', import 'slo/state.libsonnet'),
    board.row('Burn: how fast does it go?', import 'slo/burn.libsonnet'),
    board.row('Causes: what did it?', import 'slo/causes.libsonnet'),
  ],
  alerts='target="$target"',
)
