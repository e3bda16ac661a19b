// What is normal for this hour of the week, of the traffic and the bad events of every target and of connections: median of the
// same hour of the four weeks before, times what today is to that, and a band as wide as hours differ. `./run bench baselines`
// says how often it is wrong.
local names = import 'lib/baseline_series.libsonnet';
local numbers = import 'lib/numbers.libsonnet';
local record = import 'lib/record.libsonnet';
local series = import 'lib/slo_series.libsonnet';
local target_alert = import 'lib/target_alert.libsonnet';
local decimal = numbers.decimal;

// What hours of equally busy days differ by at least, and by chance: the variance of a count, and of the median of four, is 1.25.
local least_spread = 0.05;
local chance = 1.25;
// Fewer events an hour are too few to say that 40% are missing.
local least_events = 100;
// How many spreads an hour may be away; 3 are 1 hour in 370 where they are normal.
local wide = 3;
// Minutes of an hour that must have been counted: events that a gap hides would look like missing ones.
local least_minutes = 54;

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local hour = duration('1h');

  local signal(name, kind) = { signal: name, kind: kind };
  local bad = series.sum_bad('1h');
  local total = series.sum_total('1h');
  // What planned maintenance leaves of an hour is not an hour.
  local whole = ' unless on (target) ' + series.is_excluded('', hour);
  local counted = '%s and count_over_time(%s[%s]) >= %d%s' % [total, series.events_total, hour, least_minutes, whole];

  // Of a day that is not a holiday, so many weeks ago.
  local off_holidays(of, number) = '(%s unless on () %s{weeks="%d"} == 1)' % [of, names.holiday, number];

  local weeks(of) = std.join(' or ', [
    'label_replace(%s, "week", "%d", "", "")' % [off_holidays('%s offset %s' % [of, duration(number + 'w')], number), number]
    for number in [1, 2, 3, 4]
  ]);
  local median(of) = 'quantile without (week) (0.5, %s)' % weeks(of);

  // Of the whole hours before this one; half an hour less, so that no release of Prometheus counts one more on the edge.
  local before(of, range) = '%s[%s:%s] offset %s' % [of, duration(range), hour, hour];
  local today(range) =
    'quantile_over_time(0.5, %s) and count_over_time(%s) >= 4' % [before(names.ratio, range), before(names.ratio, range)];
  local width = '%d * %s * %s' % [wide, names.spread, names.chance];

  local last(of) = 'last_over_time(%s[%s])' % [of, duration('1h15m')];
  // Of the last whole hour that is known: a gap neither ends nor begins anything. Never on a holiday, nor while its last minutes
  // are part of the hour.
  local outside(selector, sides) =
    '(%s) unless on () max_over_time(%s{weeks="0"}[%s]) == 1' % [
      std.join(' or ', [
        '%s %s %s' % [last(names.value + selector), side.beyond, last(side.of + selector)]
        for side in sides
      ]),
      names.holiday,
      hour,
    ];
  local more = [{ beyond: '>', of: names.upper }];
  local less = [{ beyond: '<', of: names.lower }];

  // What is normal now, for texts; `format`: a format of numbers of Go's.
  local usual(selector, labels, format) =
    '{{ with query (printf "' + last(names.normal + '{' + selector + '}') + '" ' + labels + ') }}{{ . | first | value | ' + format + ' }}'
    + '{{ else }}unknown{{ end }}';
  local why = 'Outside what the same hour of the four weeks before, and today so far, let one expect. ';

  local of_targets(name, name_of_signal, sides, extra, fields) = target_alert.general(
    name,
    'low',
    duration(config.alerts[name]['for']),
    {
      type: 'unusual',
      expr: target_alert.measured(time, outside('{signal="%s"%s}' % [name_of_signal, extra], sides)),
      impact: 'None by itself: something differs from other weeks.',
    } + fields
  );
  local counted_targets =
    local ids = config.alerts.CrmTargetUnusualTraffic.targets;
    local targets = (import 'lib/targets.libsonnet')(config.targets, time);
    std.join('|', [targets.by_id(id).id for id in std.split(ids, '|')]);

  local of_servers(name, component, name_of_signal, what, action) = alert(name, 'low', function(limits) {
    component: component,
    narrow_by: ['instance'],
    type: 'unusual',
    expr: outside('{signal="%s"}' % name_of_signal, more + less),
    summary: what + ' of {{ $labels.instance }} are unusual for this hour of the week: {{ $value | humanize }} on average, usually '
             + usual("signal='%s',instance=%%q" % name_of_signal, '$labels.instance', 'humanize') + '.',
    description: why + action,
    impact: 'None by itself: something differs from other weeks.',
  });

  {
    groups: [
      {
        name: 'baselines.signals',
        interval: duration('5m'),
        rules: [
          record(names.value, counted, signal('traffic', 'count')),
          record(names.events, counted, signal('traffic', 'count')),
          record(names.value, '%s / (%s > 0)%s' % [bad, total, whole], signal('bad events', 'share')),
          record(names.events, bad + whole, signal('bad events', 'share')),
          record(
            names.value, 'max by (instance) (avg_over_time(pantrywatch_database_connections_used[%s]))' % hour, signal('connections', 'gauge')
          ),
          record(names.value, 'max by (instance) (avg_over_time(redis_connected_clients[%s]))' % hour, signal('cache clients', 'gauge')),
        ],
      },
      {
        name: 'baselines.normal',
        interval: duration('5m'),
        rules: [
          record(names.usual_events, median(names.events)),
          // Three of the four weeks; a signal that has too few events has no normal.
          record(names.usual, |||
            %s and count without (week) (%s) >= 3
              unless %s < %d
          ||| % [median(names.value), weeks(names.value), names.usual_events, least_events]),
          record(names.ratio, '%s / (%s > 0)' % [off_holidays(names.value, 0), names.usual]),
          record(names.today, '(%s) or (%s)' % [today('23h30m'), today('3d23h30m')]),
          record(names.chance, |||
            (%(least)s ^ 2 + %(chance)s / (%(events)s > 0)) ^ 0.5
              or 0 * %(usual)s{kind="gauge"} + %(least)s
          ||| % { least: decimal(least_spread), chance: decimal(chance), events: names.usual_events, usual: names.usual }),
          record(names.deviation, '(%s / (%s > 0) - 1) / (%s > 0)' % [names.ratio, names.today, names.chance]),
          // 1.4826 medians are a standard deviation; a day and more of hours, of a whole week of them.
          record(names.spread, |||
            clamp_min(1.4826 * quantile_over_time(0.5, %(hours)s), 1)
              and count_over_time(%(counted)s) >= 30
              and %(value)s offset %(history)s
          ||| % {
            hours: before('abs(%s)' % names.deviation, '6d23h30m'),
            counted: before(names.deviation, '6d23h30m'),
            value: names.value,
            history: duration('5w'),
          }),
          record(names.normal, '%s * %s' % [names.usual, names.today]),
          record(names.lower, 'clamp_min(%s * (1 - %s), 0)' % [names.normal, width]),
          record(names.upper, '%s * (1 + %s)' % [names.normal, width]),
        ],
      },
      {
        name: 'baselines.alerts',
        interval: duration('5m'),
        rules: [
          of_targets('CrmTargetUnusualTraffic', 'traffic', more + less, ',target=~"%s"' % counted_targets, {
            summary: 'Events of target {{ $labels.target }} are unusual for this hour of the week: {{ $value | humanize }} in an hour, usually '
                     + usual("signal='traffic',target=%q", '$labels.target', 'humanize') + '.',
            description: why + 'First see whether all kinds of events changed alike: then it is the users; a single one is the part that it counts.',
          }),
          of_targets('CrmTargetUnusualErrors', 'bad events', more, '', {
            summary: 'More bad events of target {{ $labels.target }} than usual for this hour of the week: {{ $value | humanizePercentage }} in an hour, usually '
                     + usual("signal='bad events',target=%q", '$labels.target', 'humanizePercentage') + '.',
            description: why + 'The target may still be met: another alert says when it is not. First see since when, and whether a deployment fits.',
          }),
          of_servers('CrmDatabaseUnusualConnections', 'database', 'connections', 'Connections', 'First see which application and which state of sessions has more or fewer of them than a week ago.'),
          of_servers('CrmCacheUnusualClients', 'cache', 'cache clients', 'Clients', 'First see which address and which library has more or fewer of them than other ones.'),
        ],
      },
    ],
  }
