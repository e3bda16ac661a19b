// Do the access logs arrive, and are they understood?
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local colors = panel.colors;
  local untold = 'No access log is followed: the settings have no section access_log, or its exporter does not respond.';

  [
    panel.timeseries(
      'Lines read',
      'Lines of each access log per second. Good: as many as there are requests. At 0 with traffic: the file is missing, or written elsewhere.',
      'short',
      [panel.query('sum by (file) (rate(pantrywatch_access_log_lines_total[$__rate_interval]))', '{{file}}')],
      untold,
    ),
    panel.timeseries(
      'Lines not understood',
      'Lines per second that are not requests in the format of their file, by reason, and those passed over unread. Good: near 0. time: the log lacks the time taken; syntax: another format; unrelated: other lines of an application, which is fine.',
      'short',
      [
        panel.query('sum by (reason) (rate(pantrywatch_access_log_lines_not_parsed_total[$__rate_interval]))', '{{reason}}'),
        panel.query('sum(rate(pantrywatch_access_log_skipped_lines_total[$__rate_interval]))', 'passed over'),
      ],
      untold,
    ) + panel.stacked,
    panel.timeseries(
      'Behind',
      'Time since the end of each access log was last reached. Good: about a second. Growing: the processor is taken, or the disk is slow.',
      's',
      [panel.query('max by (file) (pantrywatch_access_log_lag_seconds)', '{{file}}')],
      untold,
    ) + panel.between(0, null) + panel.limits([[null, colors.kept], [alerts.CrmApiLogBehind.seconds, colors.broken]]) + panel.lines,
  ]
