// Do the checks themselves run?
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.timeseries(
    'Overdue',
    'Time since the last run of each check, in its own intervals. Good: below 1, and a little. At 4 the check does not run.',
    'none',
    [panel.query(queries.overdue, '{{check}}')],
    queries.silent,
    // As CrmMonitoringCheckNotRun.
  ) + panel.decimals(1) + panel.limits([[null, colours.kept], [4, colours.broken]]) + panel.lines,
  panel.timeseries(
    'Runs a minute',
    'Runs of each check that ended, well or not. Level. A hole: nobody looked.',
    'short',
    [panel.query('60 * ' + queries.rate('pantrywatch_check_runs_total'), '{{check}}')],
    queries.silent,
  ) + panel.decimals(1),
  panel.timeseries(
    'Turns skipped',
    'Turns at which a check did not run, in each interval: overrun, because the run before had not ended; internal, because we failed. Good: 0. Overrun: a longer interval, or a shorter timeout.',
    'short',
    [panel.query('sum by (check, reason) (increase(pantrywatch_check_skipped_total{%s}[$__rate_interval])) > 0' % queries.chosen, '{{check}} {{reason}}')],
    'No turn was skipped in the time shown.',
  ) + panel.decimals(0) + panel.columns,
]
