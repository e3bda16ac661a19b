// How fast tables grow. A table has no limit, so nothing says when it is full: how much it grows a week, and in how many weeks it is
// twice as large. Of the tables that the exporter names, the largest of each database; the others are one more.
local record = import 'record.libsonnet';

local labels = 'instance, datname, schemaname, relname';
local series = {
  size: 'crm:table_size:bytes',
  typical: 'crm:table_typical:bytes1d',
  growth: 'crm:table_growth:bytes1w',
  slow: 'crm:table_growth_slow:bytes1w',
  fast: 'crm:table_growth_fast:bytes1w',
  earliest: 'crm:table_doubles_earliest:weeks',
  latest: 'crm:table_doubles_latest:weeks',
};

{
  series:: series,

  // `time`: time.libsonnet.
  rules(time)::
    local duration = time.duration;
    local size(of) = 'max by (%s) (pg_stat_user_tables_%s_size_bytes)' % [labels, of];
    // Growth of each whole week (seven days to seven days before) that ended in the last three: neither the rhythm of the week nor
    // an import that is undone is growth. Some days may be missing, as Prometheus was down at midnight.
    local weeks = '(%s - %s offset %s)[%s:%s]' % [series.typical, series.typical, duration('1w'), duration('21d'), duration('1d')];
    local growth(share) = 'quantile_over_time(%s, %s) and count_over_time(%s) >= 18' % [share, weeks, weeks];
    // Where the slow weeks do not grow it is not growth. Ten years are as good as never.
    local doubles(growth) = 'clamp_max(%s / (%s > 0), 520) and %s > 0' % [series.size, growth, series.slow];
    [
      record(series.size, '%s + %s' % [size('table'), size('index')]),
      record(series.typical, 'quantile_over_time(0.5, %s[%s])' % [series.size, duration('1d')]),
      record(series.growth, growth('0.5')),
      record(series.slow, growth('0.1')),
      record(series.fast, growth('0.9')),
      record(series.earliest, doubles(series.fast)),
      record(series.latest, doubles(series.slow)),
    ],
}
