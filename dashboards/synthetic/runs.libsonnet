// Do the checks themselves run?
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.timeseries(
      'Overdue',
      'Time since the last run of each check, in intervals. Good: about 1 or less. From ' + alerts.CrmMonitoringCheckNotRun.intervals + ' on the check counts as not running.',
      'none',
      [panel.query(queries.overdue, '{{check}}')],
      queries.silent,
    ) + panel.decimals(1) + panel.limits([[null, colors.kept], [alerts.CrmMonitoringCheckNotRun.intervals, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Runs per minute',
      'Completed runs of each check, passed or failed. Good: level. A gap: nothing was checked.',
      'short',
      [panel.query('60 * ' + queries.rate('pantrywatch_check_runs_total'), '{{check}}')],
      queries.silent,
    ) + panel.decimals(1),
    panel.timeseries(
      'Skipped runs',
      'Runs that were skipped: overrun, because the previous run had not ended; internal, because of a bug in our exporter. Good: 0. Overrun: raise the interval, or lower the timeout.',
      'short',
      [panel.query('sum by (check, reason) (increase(pantrywatch_check_skipped_total{%s}[$__rate_interval])) > 0' % queries.chosen, '{{check}} {{reason}}')],
      'No run was skipped in the time range shown.',
    ) + panel.decimals(0) + panel.columns,
  ]
