// What fills up: how much is in use, and when it is full, with the uncertainty (alert_rules/forecasts.jsonnet).
function(config)
  local cells = import 'table_cells.libsonnet';
  local panel = import 'panel.libsonnet';
  local series = (import '../../alert_rules/lib/resources.libsonnet').series;
  local colors = panel.colors;

  local of(name) = 'max by (instance, resource, name) (%s)' % name;
  local state = '%s or %s' % [of(series.state), of('0 * %s + 2' % series.used)];

  // Three days: somebody can still act in working hours. A fortnight: plan it.
  local time_steps = [[null, colors.broken], [3 * 86400, colors.near], [14 * 86400, colors.kept]];
  local use_steps = [[null, colors.kept], [0.8, colors.near], [0.9, colors.broken]];
  local until(heading) = [heading, cells.colored({
    unit: 's',
    decimals: 0,
    thresholds: cells.steps(time_steps),
    'custom.width': 105,
  })];
  local states = {
    '0': ['not growing', colors.kept],
    '1': ['filling up', colors.near],
    '2': ['too early', colors.unknown],
    '3': ['just jumped', colors.unknown],
    '4': ['comes and goes', colors.kept],
  };

  {
    days_to_full::
      panel.table(
        'Time until full',
        'Usage of what has a limit, and when it is full by the growth of the last 4 weeks: with a chance of 80% between earliest and latest. Jumps are not growth. Too early: less than 25 days are known. Just jumped: a copy or a step within 4 days. Comes and goes: it was as high two to four weeks ago. Good: more than two weeks, or not growing.',
        'percentunit',
        [panel.rows(of(series.used)), panel.rows(of(series.earliest)), panel.rows(of(series.latest)), panel.rows(of(series.days)), panel.rows(state)],
        'Nothing with a limit is monitored: no host, database or cache (settings.yaml).',
        [
          ['resource', 'Resource', { 'custom.width': 110 }],
          ['name', 'Part', { 'custom.minWidth': 80 }],
          ['instance', 'Of', { 'custom.width': 90 }],
          ['Value #A', 'In use', cells.bar(0, 1, { decimals: 0, thresholds: cells.steps(use_steps), 'custom.width': 110 })],
          ['Value #B'] + until('Full: earliest'),
          ['Value #C'] + until('Full: latest'),
          ['Value #D', 'Days known', { unit: 'none', decimals: 0, 'custom.width': 90 }],
          ['Value #E', 'State', cells.colored({ unit: 'none', mappings: cells.texts(states), 'custom.width': 110 })],
        ],
        'In use',
      ),

    in_use::
      panel.bars(
        'Limits in use',
        'Connections to the database as a share of what a user may take, and memory of the cache as a share of its limit (a cache without a limit is not shown). Good: below 80%. At 100% requests wait or fail.',
        'percentunit',
        [
          panel.now('max by (instance) (pantrywatch_database_connections_used / (pantrywatch_database_connections_limit > 0))', 'connections of {{instance}}'),
          panel.now('max by (instance) (redis_memory_used_bytes / (redis_memory_max_bytes > 0))', 'memory of cache {{instance}}'),
        ],
        'No data: neither a database nor a cache with a limit responds now or is monitored.',
      ) + panel.ratio + panel.limits(use_steps),
  }
