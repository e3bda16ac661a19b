// What will be full, and when: from the growth of whole days (UTC) of the last four weeks, for every resource of
// lib/resources.libsonnet alike. `tests/bench/forecasts.py` says how often the forecast is right.
local numbers = import 'lib/numbers.libsonnet';
local promise = import 'lib/promise_forecast.libsonnet';
local record = import 'lib/record.libsonnet';
local resources = import 'lib/resources.libsonnet';
local tables = import 'lib/table_growth.libsonnet';
local decimal = numbers.decimal;

local series = resources.series;

// Days of growth that a forecast takes. The interval of fewer is too narrow: measured, three weeks cover 71% instead of 80%.
local basis = 28;
// Some may be missing, as Prometheus was down at midnight.
local least_days = 25;

// Student's t for the six independent weeks that overlapping ones of four weeks are worth: 80% lie within the first; growth
// is believed beyond the second (95%), as an interval that just misses zero forecasts what only wavers.
local within = 1.44;
local believed = 2.45;

// A day that grows three quartile ranges more or less than most days did not grow: something was copied, or cleaned up.
local fence = 3;

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);
  local duration = time.duration;
  local day = duration('1d');

  local used(of) =
    local labels = std.get(of, 'by', 'instance') + (if 'part' in of then ', name' else '');
    local named = if 'part' in of then 'label_replace(%s, "name", "$1", "%s", "(.*)")' % [of.used, of.part] else of.used;
    record(
      series.used,
      'max by (%s) (%s)' % [labels, named],
      { resource: of.resource, component: of.component }
    );

  // Of each whole day, as a subquery reads it at midnight: how much the typical value grew. Jumps are left out.
  local over(days, expr) = '(%s)[%s:%s]' % [expr, duration(days), day];
  local grown = '%s - %s offset %s' % [series.typical, series.typical, day];
  local without_jumps = '%s >= %s @ end() <= %s @ end()' % [grown, series.least, series.most];
  local quartile(share) = 'quantile_over_time(%s, %s)' % [decimal(share), over(basis + 'd', grown)];
  local typical_of_week = 'quantile_over_time(0.5, %s[%s:%s])' % [series.typical, duration('7d'), day];
  // The last midnight that Prometheus saw.
  local at_midnight = 'last_over_time(%s[%s:%s])' % [series.typical, duration('4d'), day];

  // The day after which so much is left that growth, give or take its spread, has not used it up: where
  // (left - growth * days)^2 = within^2 * spread^2 * (days + days^2 / history + 3), as the level is known as of three days ago.
  local variance = '(%s * %s) ^ 2' % [decimal(within), series.spread];
  local square = '(%s ^ 2 - %s / (%s > 0))' % [series.growth, variance, series.days];
  local linear = '(2 * %s * %s + %s)' % [series.left, series.growth, variance];
  local constant = '(%s ^ 2 - 3 * %s)' % [series.left, variance];
  local root = 'sqrt(clamp_min(%s ^ 2 - 4 * %s * %s, 0))' % [linear, square, constant];
  local full(sign) =
    'clamp_max(clamp_min((%s %s %s) / (2 * (%s > 0)), 0), 3650) * %s and %s == 1'
    % [linear, sign, root, square, time.horizon('1d'), series.state];

  // Where the last day is neither near the level nor near what this day of the week was, something has just happened.
  local settled = |||
    %(now)s - %(level)s + %(growth)s >= %(least)s <= %(most)s
      or %(now)s - %(before)s - 6 * %(growth)s >= %(least)s <= %(most)s
  ||| % series { now: at_midnight, before: '%s offset %s)' % [std.rstripChars(at_midnight, ')'), duration('7d')] };

  local certain = '(%s > 0) ^ 2 > (%s * %s) ^ 2 / (%s > 0)' % [series.growth, decimal(believed), series.spread, series.days];

  // What comes and goes, such as space that something cleans up, is where it was two to four weeks ago.
  local new_ground = '%s - quantile_over_time(0.9, %s[%s:%s] offset %s) >= 7 * %s' % [
    series.level,
    series.typical,
    duration('15d'),
    day,
    duration('14d'),
    series.growth,
  ];

  local long_enough = '%s >= %d' % [series.days, least_days];

  local full_of(part) = '{{ $labels.resource }}' + part + ' of {{ $labels.instance }} will be full';
  local name = '{{ with $labels.name }} {{ . }}{{ end }}';
  // `named`: the label that alerts about what is full now have for the same `name`; Alertmanager compares them.
  local soon(name, component, what, impact, action, named={}) = alert(name, 'medium', function(limits) {
    component: component,
    narrow_by: ['instance'],
    expr: '%s{component="%s"} < %s' % [series.earliest, component, time.horizon(limits.ahead)],
    summary: what + ' in {{ $value | humanizeDuration }} at the earliest.',
    description: 'By the growth of the last 4 weeks, without jumps: within this time with a chance of 1 in 10, later otherwise (the interval is on CRM capacity). ' + action,
    impact: impact,
  }) + { labels+: named };

  {
    groups: [
      {
        name: 'forecasts.used',
        interval: duration('1m'),
        rules: [used(of) for of in resources.list(time, targets)],
      },
      {
        name: 'forecasts.days',
        interval: duration('5m'),
        rules: [
          record(series.typical, 'quantile_over_time(0.5, %s[%s])' % [series.used, day]),
          record(series.highest, 'max_over_time(%s[%s])' % [series.used, day]),
        ],
      },
      {
        name: 'forecasts.fit',
        interval: duration('5m'),
        rules: [
          record(series.days, 'count_over_time(%s)' % over(basis + 'd', grown)),
          // A billionth: rounding is not a jump.
          record(series.least, '%d * %s - %d * %s - 1e-9' % [fence + 1, quartile(0.25), fence, quartile(0.75)]),
          record(series.most, '%d * %s - %d * %s + 1e-9' % [fence + 1, quartile(0.75), fence, quartile(0.25)]),
          record(series.growth, 'avg_over_time(%s)' % over(basis + 'd', without_jumps)),
          // Of whole weeks, so that neither the rhythm of the week nor what evens out within it counts; a day. Days that are left
          // out (each weekend begins and ends with a jump) say nothing: their share is missing from the spread, and from the days
          // that the growth is the mean of.
          record(series.spread, '7 ^ 0.5 * stddev_over_time(%s) * %s / (count_over_time(%s) > 0)' % [
            over('22d', 'avg_over_time(%s)' % over('6d12h', '%s or 1 * %s @ end() and %s' % [without_jumps, series.growth, grown])),
            series.days,
            over(basis + 'd', without_jumps),
          ]),
          record(series.level, '%s + 3 * %s' % [typical_of_week, series.growth]),
          record(series.left, '1 - %s - quantile_over_time(0.5, %s) - %s * (time() %% %s) / %s' % [
            series.level,
            over('7d', '%s - %s' % [series.highest, series.typical]),
            series.growth,
            time.horizon('1d'),
            time.horizon('1d'),
          ]),
          record(series.state, |||
            0 * (%(long_enough)s unless (%(settled)s)) + 3
              or 0 * (%(long_enough)s unless %(certain)s)
              or 0 * (%(long_enough)s unless %(new_ground)s) + 4
              or 0 * (%(long_enough)s) + 1
              or 0 * %(used)s + 2
          ||| % { long_enough: long_enough, settled: settled, certain: certain, new_ground: new_ground, used: series.used }),
          record(series.earliest, full('-')),
          record(series.latest, full('+')),
        ],
      },
      {
        name: 'forecasts.promise',
        interval: duration('5m'),
        rules: promise.rules(time, config.selectors.application),
      },
      {
        name: 'forecasts.tables',
        interval: duration('5m'),
        rules: tables.rules(time),
      },
      {
        name: 'forecasts.alerts',
        interval: duration('5m'),
        rules: [
          soon('CrmHostFullSoon', 'host', full_of(name), 'None yet; when it is full services fail.', 'First see on CRM capacity since when it has been growing, then what grows.', { mountpoint: '{{ $labels.name }}' }),
          soon('CrmDatabaseFullSoon', 'database', full_of(name), 'None yet; when it is full the database rejects connections or writes.', 'First see on CRM capacity since when it has been growing, then what grows.', { datname: '{{ if eq $labels.resource "sequence" }}{{ $labels.name }}{{ end }}' }),
          soon('CrmCacheFullSoon', 'cache', full_of(''), 'None yet; when it is full the cache evicts or rejects.', 'First see on CRM capacity since when it has been growing, then what grows.'),
          soon('CrmApiCapacityReachedSoon', 'api', 'The API on {{ $labels.instance }} will need all of its proven capacity', 'None yet; beyond the proven rate responses become slow.', 'First see on CRM capacity whether the traffic of the busiest hour grows, then plan a further server.'),
          alert('CrmApiPromiseBrokenSoon', 'medium', function(limits) {
            component: 'api',
            // The promise has no labels; the job is what inhibition compares.
            expr: '0 * max by (job) (max_over_time(up{%s}[%s])) + on () group_left () %s < %s'
                  % [config.selectors.application, duration('1h'), promise.series.earliest, time.horizon(limits.ahead)],
            summary: 'At the growth of the last 5 weeks the API promise is broken in {{ $value | humanizeDuration }} at the earliest.',
            description: 'Then the busiest hours of a week take more requests than all servers together are proven to sustain; within this time with a chance of 1 in 10, later otherwise (the interval is on CRM capacity). First check whether one client causes the growth, then plan a further server.',
            impact: 'None yet; beyond the proven rate responses become slow.',
          }),
        ],
      },
    ],
  }
