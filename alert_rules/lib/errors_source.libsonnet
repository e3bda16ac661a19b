// What the errors of each PostgreSQL server are counted by: those in its log, where that is followed, or its rollbacks.
// Where a log is followed rollbacks never count: an application may roll back each transaction without one error. While the
// log is missing, behind, not understood, no longer written or written elsewhere, its errors are unknown, not 0.
local elsewhere = import 'log_elsewhere.libsonnet';
local numbers = import 'numbers.libsonnet';
local record = import 'record.libsonnet';
local series = import 'slo_series.libsonnet';

// `limits`: of CrmDatabaseLogNotParsed; `missing`: of CrmDatabaseLogMissing; `selectors`: of config.libsonnet.
function(time, selectors, limits, missing)
  // Of what was read after a gap nothing may be left in the five minutes that are counted.
  local settled = time.settled('5m');
  local share = |||
    sum by (instance) (increase(pantrywatch_database_log_lines_not_parsed_total{%(selector)s}[%(range)s]))
      / (sum by (instance) (increase(pantrywatch_database_log_lines_total{%(selector)s}[%(range)s])) > 0) > %(share)s
  ||| % { selector: selectors.database_log, range: time.duration(limits.range), share: numbers.decimal(limits.share) };
  local readable =
    '(max by (instance) (pantrywatch_database_log_followed_seconds{%s} >= %s)\n' % [selectors.database_log, settled]
    + '  unless on (instance) (%s)\n' % std.stripChars(share, '\n')
    + '  unless on (instance) %s\n' % elsewhere(
      'pantrywatch_database_logs_written_timestamp_seconds{%s}' % selectors.database,
      'pantrywatch_database_logs_errors{%s}' % selectors.database,
      'pantrywatch_database_log_written_timestamp_seconds{%s}' % selectors.database_log,
      missing.seconds
    )
    + '  unless on (instance) max by (instance) (pantrywatch_database_logs_errors{%s}) == 0)' % selectors.database;
  local recent(selector) = 'max by (instance) (last_over_time(%s[%s]))' % [selector, time.duration('2m')];
  local followed = recent('up{%s}' % selectors.database_log);
  local source(name, expr) = record(series.errors_source, '0 * %s + 1%s' % expr, { source: name });

  [
    source('log', [readable, '']),
    source('unknown', [followed, ' unless on (instance) ' + readable]),
    source('rollbacks', [recent('pg_up'), ' unless on (instance) ' + followed]),
  ]
