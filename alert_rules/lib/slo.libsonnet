// targets.yaml → recording rules.
local numbers = import 'numbers.libsonnet';
local record = import 'record.libsonnet';
local series = import 'slo_series.libsonnet';
local decimal = numbers.decimal;

// No events: no ratio, rather than a good one.
local ratio(window, bad, total) =
  record(series.error_ratio(window), bad + ' / (' + total + ' > 0)', series.window_label(window));

// What was promised, in the document's words and order, for whoever shows it. `position` sorts as text.
local promises(document) = [
  record(series.promise, 'vector(1)', {
    target: target.id,
    layer: target.layer,
    title: target.title,
    statement: target.statement,
    section: target.section,
    basis: target.basis,
    team: target.team,
    position: (if index < 9 then '0' else '') + (index + 1),
  })
  for index in std.range(0, std.length(document.targets) - 1)
  for target in [document.targets[index]]
];

// `targets`: targets.libsonnet; `time`: time.libsonnet.
function(targets, time)
  local duration = time.duration;
  local scaling = (import 'scaling.libsonnet')(time);

  // Windows besides 5m. The short ones take a value a minute or, in a subquery, one each five minutes: the sums do not
  // depend on how often the five minutes are recorded. (The offset keeps Prometheus 2 from counting both ends of a range
  // whose evaluation falls on them; Prometheus 3 counts the end only, with or without it.) For the long ones a subquery
  // would be expensive: they add up a copy that is recorded each five minutes, and by nothing else.
  local subquery(window, step) = '[' + duration(window) + ':' + duration(step) + '] offset 1ms';
  local windows = {
    fast: [
      window { bad: series.events_bad, total: series.events_total }
      for window in [
        { name: '30m', range: subquery('30m', '1m'), scale: ' / 5' },
        { name: '1h', range: subquery('1h', '1m'), scale: ' / 5' },
        { name: '2h', range: subquery('2h', '5m'), scale: '' },
        { name: '6h', range: subquery('6h', '5m'), scale: '' },
      ]
    ],
    slow: [
      { name: name, range: '[' + duration(name) + ']', bad: series.sampled_bad, total: series.sampled_total }
      for name in ['1d', '3d', '30d']
    ],
  };

  local excluded_of = {
    [series.events_total]: series.maintenance_total,
    [series.events_bad]: series.maintenance_bad,
  };
  local sum(window, name, events) = record(
    name,
    if events in excluded_of then series.counted_sum(events, excluded_of[events], window.range) + window.scale
    else series.sampled_sum(events, window.range)
  );

  local of(window) =
    local bad = series.sum_bad(window.name);
    local total = series.sum_total(window.name);
    [sum(window, bad, window.bad), sum(window, total, window.total), ratio(window.name, bad, total)];

  // The promise as it is written: is the share of bad events above what is allowed, by a margin and beyond chance? With a
  // share `a` of `n` events allowed, a fair count is a * n, give or take sqrt(a * (1 - a) * n), and `skew`: without it three
  // failures where a tenth of one is expected would be certainty. `margin`: latencies that are just kept wander
  // (autocorrelated noise).
  local skew = targets.skew(targets.literal.sigmas);
  local excess(window, bad, total) = record(
    series.excess,
    '(%(bad)s - %(skew)s - on (target) group_left () (%(margin)s * %(allowed)s * on (target) %(total)s))\n' % { bad: bad, skew: decimal(skew), margin: decimal(targets.literal.margin), allowed: series.error_budget, total: total }
    + '  / on (target) group_left () (sqrt(%(allowed)s * on (target) (1 - %(allowed)s) * on (target) %(total)s) > 0)\n' % { allowed: series.error_budget, total: total }
    + '  and on (target) %s > %s' % [bad, targets.least_bad_events],
    series.window_label(window)
  );

  // Planned maintenance, by what the scheduler says of its next window. The events of five minutes are excluded if it was such a
  // time in any of them.
  local known = (import 'known.libsonnet')(time);
  local is_time(of) =
    local at(what) = known.gauge('pantrywatch_exclusion_%s_timestamp_seconds{%s}' % [what, of]);
    '(time() >= bool %s) * on (job, instance, exclusion, target) (time() < bool %s)' % [at('begins'), at('ends')];
  local is_excluded = series.is_excluded('', duration('5m'));

  local with_events = [target for target in targets.targets if target.kind != 'capacity'];
  local of_capacity = [target for target in targets.targets if target.kind == 'capacity'];

  [
    {
      // Every minute: the critical tier looks back five.
      name: 'slo.events',
      interval: duration('1m'),
      rules: std.flatMap(function(target) [
        record(series.events_total, targets.total(target), series.labels(target)),
        record(series.events_bad, targets.bad(target), series.labels(target)),
        record(series.series_count, targets.counted(target), series.labels(target)),
      ], with_events) + [
        // In the same group as the events: sums take both at the same times.
        record(series.maintenance_total, series.events_total + ' and on (target) ' + is_excluded),
        record(series.maintenance_bad, series.events_bad + ' and on (target) ' + is_excluded),
      ],
    },
    {
      // At each scrape: whether the cause of what the windows remember goes on.
      name: 'slo.now',
      interval: time.duration('15s'),
      rules: [
        record(series.error_ratio_now, targets.bad_now(target), series.labels(target))
        for target in with_events
      ],
    },
    {
      name: 'slo.windows',
      interval: duration('1m'),
      rules: [ratio('5m', series.events_bad, series.events_total)] + std.flatMap(of, windows.fast),
    },
    {
      name: 'slo.promise',
      interval: duration('1m'),
      rules: [
        // Two adjacent windows of five minutes: each event once.
        record(events('10m'), '%s + %s offset %s' % [events_of_5m, events_of_5m, duration('5m')])
        for pair in [[series.sum_total, series.events_total], [series.sum_bad, series.events_bad]]
        for events in [pair[0]]
        for events_of_5m in [pair[1]]
      ] + [
        excess('5m', series.events_bad, series.events_total),
      ] + [
        excess(window, series.sum_bad(window), series.sum_total(window))
        for window in ['10m', '30m', '1h']
      ],
    },
    {
      name: 'slo.excluded',
      interval: duration('1m'),
      rules: [
        record(
          series.excluded,
          'max by (target) (\n  %s\n  or 0 * max by (target) (%s) + on () group_left () max(%s)\n)\n'
          % [is_time('target!="all"'), series.objective, is_time('target="all"')]
        ),
      ],
    },
    {
      // Exactly five minutes: the long sums count on it.
      name: 'slo.sampled',
      interval: duration('5m'),
      rules: [
        record(series.sampled_total, series.events_total + ' unless on (target) ' + is_excluded),
        record(series.sampled_bad, series.events_bad + ' unless on (target) ' + is_excluded),
        record(series.excluded_total, series.events_total + ' and on (target) ' + is_excluded),
        record(series.excluded_bad, series.events_bad + ' and on (target) ' + is_excluded),
      ],
    },
    {
      // The long sums are expensive and change slowly; below 5 m, after which Prometheus calls a series stale.
      name: 'slo.budget',
      interval: duration('2m'),
      rules: std.flatMap(function(target) [
        record(series.objective, 'vector(' + decimal(target.objective) + ')', series.labels(target)),
        record(series.error_budget, 'vector(' + targets.allowed(target) + ')', series.labels(target)),
        record(series.time_period, 'vector(30)', series.labels(target)),
        record(series.info, 'vector(1)', series.labels(target) {
          sloth_objective: decimal(target.objective * 100),
          basis: target.basis,
          kind: target.kind,
          team: target.team,
        }),
      ], with_events) + promises(targets.document) + std.flatMap(of, windows.slow) + [
        // Bad events that 30 days allow, at the average traffic seen: for a young installation that is a forecast. The
        // budget is spent against it, so that the first bad minutes weigh what they weigh in 30 days; once these are
        // full, it is exactly the share of bad events of 30 days divided by the allowed share.
        record(
          series.error_budget_events,
          series.error_budget + ' * avg_over_time(' + series.sampled_total + '[' + duration('30d') + ']) * 8640'
        ),
        record(
          series.current_burn_rate,
          series.error_ratio('5m') + ' / on (target) group_left () ' + series.error_budget
        ),
        record(
          series.period_burn_rate,
          series.sum_bad('30d') + ' / (' + series.error_budget_events + ' > 0)'
        ),
        record(series.budget_remaining, '1 - ' + series.period_burn_rate),
        record(series.history_days, 'count_over_time(' + series.sampled_total + '[' + duration('30d') + ']) / 288'),
        // Until nothing is left at the pace of the last day; without a bad event in a day there is no such time, and
        // with less than a day of history nobody knows.
        record(
          series.budget_exhaustion,
          'clamp_min(' + series.budget_remaining + ', 0) * 30 * 86400 / on (target) group_left () ('
          + series.error_ratio('1d') + ' / on (target) group_left () ' + series.error_budget + ' > 0) and on (target) '
          + series.history_days + ' >= 1'
        ),
      ],
    },
    {
      // Capacity: what a capacity run held, and how much of the target live traffic uses on the busiest server.
      name: 'slo.capacity',
      interval: duration('1m'),
      rules: std.flatMap(function(target)
        local labels = { target: target.id, layer: target.layer };
        [
          record(
            series.capacity,
            'max(pantrywatch_capacity_requests_per_minute) / ' + decimal(target.threshold),
            labels
          ),
          record(
            series.capacity_use,
            'max(sum by (instance) (rate(' + target.sli.total[0] + '[' + duration('5m') + ']))) * 60 / '
            + decimal(target.threshold),
            labels
          ),
          record(
            series.servers_needed,
            'ceil(sum(rate(' + target.sli.total[0] + '[' + duration('5m') + '])) * 60 / on () '
            + '(max(pantrywatch_capacity_requests_per_minute) > 0))',
            labels
          ),
          record(series.requests_ahead, scaling.ahead, labels),
          record(series.servers_needed_ahead, scaling.servers_ahead, labels),
        ], of_capacity),
    },
  ]
