// What fills up: how much is in use, how fast it grows, when it is full. Two looks back of different length, for a
// forecast without its uncertainty is a guess: where both agree, believe it.
function(config)
  local cells = import 'table_cells.libsonnet';
  local history = import 'history.libsonnet';
  local panel = import 'panel.libsonnet';
  local colors = panel.colors;

  // What, its size now and what is left of it, as vectors with equal labels.
  local filesystems = 'fstype!~"tmpfs|ramfs|squashfs|overlay"';
  local things = [
    {
      what: 'disk',
      left: 'node_filesystem_avail_bytes{%s}' % filesystems,
      size: 'node_filesystem_size_bytes{%s}' % filesystems,
      free: 'node_filesystem_free_bytes{%s}' % filesystems,
      labels: 'instance, mountpoint',
      where: 'mountpoint',
    },
    {
      what: 'inodes',
      left: 'node_filesystem_files_free{%s}' % filesystems,
      size: 'node_filesystem_files{%s}' % filesystems,
      labels: 'instance, mountpoint',
      where: 'mountpoint',
    },
    {
      what: 'memory',
      left: 'node_memory_MemAvailable_bytes',
      size: 'node_memory_MemTotal_bytes',
      labels: 'instance',
      where: '',
    },
  ];

  local named(thing, expr) =
    local what = 'label_replace(%s, "what", "%s", "", "")' % [expr, thing.what];
    if thing.where == '' then what else 'label_replace(%s, "what", "%s $1", "%s", "(.+)")' % [what, thing.what, thing.where];

  local all(of) = 'max by (instance, what) (%s)' % std.join(' or ', [named(thing, of(thing)) for thing in things]);

  // Seconds until nothing is left, at the pace of the time looked back; what does not shrink has ten years, and says so.
  local never = 10 * 365 * 86400;
  local seconds(range) = all(function(thing)
    local left = 'min by (%s) (%s)' % [thing.labels, thing.left];
    local forecast =
      'clamp_max(%s / clamp_min(0 - min by (%s) (deriv(%s[%s])), 1e-9), %d)' % [left, thing.labels, thing.left, range, never];
    history.or_early(forecast, history.known(thing.left, range, thing.labels), left, thing.labels));

  // Of a disk as `df` says it: blocks reserved for root count neither as used nor as available.
  local used = all(function(thing)
    if 'free' in thing then
      local of(series) = 'min by (%s) (%s)' % [thing.labels, series];
      local taken = '(%s - %s)' % [of(thing.size), of(thing.free)];
      '%s / (%s + %s > 0)' % [taken, taken, of(thing.left)]
    else
      '1 - min by (%s) (%s) / (max by (%s) (%s) > 0)' % [thing.labels, thing.left, thing.labels, thing.size]);

  // Three days: somebody can still act in working hours. A fortnight: plan it.
  local time_steps = [[null, colors.broken], [3 * 86400, colors.near], [14 * 86400, colors.kept]];
  local use_steps = [[null, colors.kept], [0.8, colors.near], [0.9, colors.broken]];
  local until(heading) = [heading, cells.colored({
    unit: 's',
    decimals: 0,
    thresholds: cells.steps(time_steps),
    mappings: cells.texts(history.mapping { ['%d' % never]: ['not filling up', colors.kept] }),
  })];

  {
    days_to_full::
      panel.table(
        'Time until full',
        'Disks, inodes and memory: usage, and when nothing is left at the pace of the last 6 hours, day and week. Where the three differ widely the forecast is unreliable: usage jumped, or comes and goes. Too early: less than half of that time is known. Good: more than two weeks, or not filling up.',
        'percentunit',
        [panel.rows(used), panel.rows(seconds('6h')), panel.rows(seconds('1d')), panel.rows(seconds('1w'))],
        'No host is monitored (data source `host` of settings.yaml).',
        [
          ['what', 'Resource', { 'custom.minWidth': 140 }],
          ['instance', 'Host', { 'custom.width': 90 }],
          ['Value #A', 'In use', cells.bar(0, 1, { decimals: 0, thresholds: cells.steps(use_steps), 'custom.width': 120 })],
          ['Value #B'] + until('At 6 h pace'),
          ['Value #C'] + until('At 1 d pace'),
          ['Value #D'] + until('At 1 w pace'),
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
        'Neither a database nor a cache with a limit is monitored.',
      ) + panel.ratio + panel.limits(use_steps),
  }
