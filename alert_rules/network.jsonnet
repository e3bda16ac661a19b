// The network between checks and what they connect to, and the state of each part of the application.
local numbers = import 'lib/numbers.libsonnet';
local record = import 'lib/record.libsonnet';
local signals = import 'lib/signals.libsonnet';
local series = import 'lib/slo_series.libsonnet';
local decimal = numbers.decimal;
local percent = numbers.percent;

local check = 'job, instance, check';
local connect = check + ', dependency';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local last = time.last;
  local known = (import 'lib/known.libsonnet')(time, of_server=true);

  local day = duration('1d');

  // 0 up, 1 degraded, 2 down, 3 unknown. `of`: 1 where one of several servers or checks is down.
  local state(of, by='') = '(min %s(%s) == bool 1) + (max %s(%s) == bool 1)' % [by, of, by, of];
  local source(name, dependency, expr) = record(
    'crm:dependency:source_state', expr, { source: name } + (if dependency == '' then {} else { dependency: dependency })
  );

  // Servers by the gauge of the exporter that asks them. What was down when it was last asked is down; any other that nobody
  // can ask is unknown. `only`: which of the job's targets are such servers.
  local servers(dependency, up, jobs, only='') =
    local down = '(%s == bool 0)' % known.gauge(up);
    local asked = '(%s or last_over_time(%s[%s]))' % [up, up, duration('1m')];
    source(
      'exporter',
      dependency,
      '%s > 0 or 3 + 0 * count(up{%s} == 0 unless on (job, instance) %s%s) or %s or 3 + 0 * max(last_over_time(%s[%s]))'
      % [state(down), jobs, asked, only, state(down), up, day]
    );

  // Twice in a row, as everywhere: one failed run is no news. Only of a run that is not too old to count.
  local failing = |||
    (
      max by (%(connect)s) (pantrywatch_check_dependency_info)
        * on (%(check)s) group_left () (
          max by (%(check)s) (pantrywatch_check_consecutive_failures) >= bool 2
            and on (%(check)s) probe_success
        )
    )
  ||| % { check: check, connect: connect };
  // Checks that have not run yet or any more, while their exporter knows them, or that nobody can ask.
  local silent = |||
    (
      pantrywatch_check_dependency_info
        or last_over_time(pantrywatch_check_dependency_info[%(day)s]) and on (job, instance) up == 0
    ) unless on (%(check)s) probe_success
  ||| % { day: day, check: check };
  local checks =
    local now = state(std.stripChars(failing, '\n'), 'by (dependency) ');
    '%s > 0 or 3 + 0 * max by (dependency) (%s) or %s' % [now, std.stripChars(silent, '\n'), now];

  // `of`: range → condition; checks that run too rarely for the range have a longer one.
  local or_slow(of, limits) = |||
    %(usual)s
    or (%(longer)s)
      and on (%(check)s) %(pace)s > %(slow)s
  ||| % {
    usual: std.stripChars(of(duration(limits.range)), '\n'),
    longer: std.stripChars(of(duration(limits.slow_range)), '\n'),
    check: check,
    // A lost scrape does not matter.
    pace: 'last_over_time(pantrywatch_check_interval_seconds[%s])' % duration(limits.range),
    slow: time.horizon(limits.slow),
  };

  {
    groups: [
      {
        name: 'network.rules',
        interval: duration('15s'),
        // In this order: each part is judged by what its sources say.
        rules: [
          source('exporter', 'api', 'max(%s{component="application"})' % series.component_health),
          source('exporter', 'database', 'max(%s{component="database"})' % series.component_health),
          servers(
            'pooler', 'pgbouncer_up', config.selectors.database, ' and on (job, instance) last_over_time(pgbouncer_up[%s])' % day
          ),
          servers('cache', 'redis_up', config.selectors.cache),
          source('checks', '', checks),
          source('network', '', 'max by (dependency) (ALERTS{alertname=~"CrmNetwork.+", alertstate="firing"})'),
          // The worst of what is known; unknown where a source is and nothing known is bad. Not max(): 3 is not the worst.
          record(
            'crm:dependency:state',
            'max by (dependency) (crm:dependency:source_state < 3) > 0 or max by (dependency) (crm:dependency:source_state)'
          ),
        ],
      },
      {
        name: 'network.alerts',
        interval: duration('1m'),
        rules: [
          alert('CrmNetworkLoss', 'medium', function(limits) {
            component: 'network',
            local lost(range) = |||
              %(share)s > %(limit)s
                and on (%(connect)s) %(lost)s >= %(connects)s
            ||| % {
              share: std.stripChars(signals.network.loss.expr(range=range), '\n'),
              lost: signals.network.loss.lost(range=range),
              limit: decimal(limits.share),
              connect: connect,
              // increase() may give less than what it counted.
              connects: decimal(limits.connects - 0.5),
            },
            expr: or_slow(lost, limits),
            summary: 'Check {{ $labels.check }} loses packets on {{ $value | humanizePercentage }} of its connects to: {{ $labels.dependency }} (limit ' + percent(limits.share) + ').',
            description: 'In the ' + last(limits.range) + ' packets that open a connection were sent again or never answered: lost on the way, or dropped by a server that accepts too slowly. First see which other checks lose some.',
            impact: 'Each lost packet costs at least a second, where a connection is opened or data waits for it.',
          }),
          alert('CrmNetworkSlow', 'medium', function(limits) {
            component: 'network',
            local near = 'dependency=~"database|cache|pooler"',
            local far = 'dependency!~"database|cache|pooler"',
            local slower(selector, edge, range) = |||
              1 - sum by (%(connect)s) (increase(pantrywatch_check_connect_seconds_bucket{%(selector)s, le="%(edge)s"}[%(range)s]))
                / (sum by (%(connect)s) (increase(pantrywatch_check_connect_seconds_count{%(selector)s}[%(range)s])) >= %(least)s) > %(share)s
            ||| % {
              connect: connect,
              selector: selector,
              edge: decimal(edge),
              range: range,
              // As above.
              least: decimal(limits.connects - 0.5),
              share: decimal(limits.share),
            },
            expr: or_slow(function(range) slower(near, limits.near, range) + 'or ' + slower(far, limits.far, range), limits),
            summary: 'Check {{ $labels.check }} connects slowly to: {{ $labels.dependency }} ({{ $value | humanizePercentage }} of its connects).',
            description: 'In the ' + last(limits.range) + ' more than ' + percent(limits.share) + ' took longer than ' + decimal(limits.near * 1000) + ' ms (database, cache, pooler) or ' + decimal(limits.far * 1000) + ' ms (all others). First compare the round trip with the connect time: both long is the network, only the connect is the server.',
            impact: 'Whatever opens a connection there waits that long first.',
          }),
        ],
      },
    ],
  }
