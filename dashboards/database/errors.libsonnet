// Which statements fail, and how does anybody know?
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local colors = panel.colors;
  local unfollowed = 'No log of this server is followed: the settings have no section database_log, or its exporter does not respond.';
  local errors(matcher, labels) =
    'sum by (%s) (increase(pantrywatch_database_errors_total{%s, %s}[$__rate_interval])) > 0' % [labels, queries.server, matcher];

  [
    panel.timeseries(
      'Failed statements by class (log)',
      'Errors in the log, by class of SQLSTATE. 22: values that do not fit. 23: refused by a constraint, often on purpose. 40: serialization failures and deadlocks. 42: SQL that is wrong, or a missing table or privilege. 53: out of a resource. 57014: cancelled, mostly by a time limit. 25P02: follows from an error before it. XX: a fault of the server. Good: few, and the same as ever. A new class after a deployment: its SQL.',
      'short',
      [panel.query(errors('severity="ERROR"', 'class'), '{{class}}')],
      unfollowed + ' Or there were no errors.',
      width=12,
    ) + panel.decimals(0) + panel.columns,
    panel.timeseries(
      'Sessions ended by an error (log)',
      'FATAL ends one session, PANIC all of them. 28: a log-in that was refused. 3D: no such database. 53: no connection left. 57P01: an administrator, or a shutdown. Good: 0. They are not among the events of db-error-rate.',
      'short',
      [panel.query(errors('severity=~"FATAL|PANIC"', 'severity, class'), '{{severity}} {{class}}')],
      unfollowed + ' Or no session was ended.',
      width=12,
    ) + panel.decimals(0) + panel.columns,
    panel.table(
      'What errors are counted by',
      'The source that db-error-rate uses for each server. log: errors in its log. rollbacks: transactions rolled back, on purpose or not, as no log is followed. unknown: a log is followed, and cannot be read, is behind, is not understood, or was caught up with in the last minutes: nothing is counted, and rollbacks do not replace it.',
      'short',
      [panel.rows('max by (instance, source) (%s{%s})' % [series.errors_source, queries.server])],
      queries.silent,
      [
        ['instance', 'Server', { 'custom.width': 200 }],
        ['source', 'Source'],
      ],
      width=8,
    ),
    panel.timeseries(
      'Lines of the log not understood',
      'Lines per second that are not records of csvlog or jsonlog, by reason. Good: 0. language: the server writes severities in the language of lc_messages.',
      'short',
      [panel.query('sum by (reason) (rate(pantrywatch_database_log_lines_not_parsed_total{%s}[$__rate_interval]))' % queries.server, '{{reason}}')],
      unfollowed,
    ),
    panel.timeseries(
      'Log behind',
      'Time since the end of the log was last reached. Good: about a second. Growing: the processor is taken, or the disk is slow.',
      's',
      [panel.query('max by (instance) (pantrywatch_database_log_lag_seconds{%s})' % queries.server, '{{instance}}')],
      unfollowed,
    ) + panel.between(0, null) + panel.limits([[null, colors.kept], [alerts.CrmDatabaseLogBehind.seconds, colors.broken]]) + panel.lines,
  ]
