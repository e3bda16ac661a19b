// Journeys, step by step.
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local none = 'No journey runs: add a check of the kind journey to settings.yaml.';

[
  panel.states(
    'Steps over time',
    'Which step of each journey passed and failed. The first that fails is the fault; those behind it are not reached and have no state.',
    [panel.query(queries.worst('pantrywatch_check_step_success', 'check, step', of='min'), '{{check}}: {{step}}')],
    none,
    width=12,
  ) + panel.texts({ '0': ['fails', colours.hurt], '1': ['passes', colours.kept] }),
  panel.timeseries(
    'Time of the steps (probe)',
    "Time of each step of the last journey, on top of one another: together they are what a user waits. Each step is one request: its route is on the API's board.",
    's',
    [panel.query(queries.worst('pantrywatch_check_step_duration_seconds', 'check, step'), '{{check}}: {{step}}')],
    none,
    width=12,
  ) + panel.stacked + panel.to_board('api', 'The API'),
]
