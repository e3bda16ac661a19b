// targets.yaml → recording rules, under Sloth's metric names (https://sloth.dev) with our labels `target` and `layer`.
local lib = import 'target.libsonnet';

// Windows beside 5m. The short ones take a value a minute or, a subquery, one each five minutes: the sums do not depend
// on how often the five minutes are recorded. (The offset keeps Prometheus 2 from counting both ends of a range whose
// evaluation falls on them; Prometheus 3 counts the end only, with or without it.) For the long ones a subquery would be
// dear: they add up a copy that is recorded each five minutes (`paced`), and by nothing else.
local windows = {
  fast: [
    { name: '30m', range: '[30m:1m] offset 1ms', scale: ' / 5' },
    { name: '1h', range: '[1h:1m] offset 1ms', scale: ' / 5' },
    { name: '2h', range: '[2h:5m] offset 1ms', scale: '' },
    { name: '6h', range: '[6h:5m] offset 1ms', scale: '' },
  ],
  slow: [{ name: name, range: '[' + name + ']', scale: '', paced: true } for name in ['1d', '3d', '30d']],
};

local record(name, expr, labels={}) = { record: name, expr: expr } + (if labels == {} then {} else { labels: labels });

local sum(window, which) = record(
  'slo:events_' + which + ':sum' + window.name,
  'sum_over_time(slo:events_' + which + ':' + (if 'paced' in window then 'paced5m' else 'increase5m')
  + window.range + ')' + window.scale,
);

// No events: no ratio, rather than a good one.
local ratio(window, bad, total) =
  record('slo:sli_error:ratio_rate' + window, bad + ' / (' + total + ' > 0)', { sloth_window: window });

local of(window) = [
  sum(window, 'bad'),
  sum(window, 'total'),
  ratio(window.name, 'slo:events_bad:sum' + window.name, 'slo:events_total:sum' + window.name),
];

// What was promised, in the document's words and order, for whoever shows it. `position` sorts as text.
local promises(document) = [
  record('slo:promise:info', 'vector(1)', {
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

{
  // The groups of recording rules for a document such as targets.yaml.
  groups(document)::
    local targets = [target for target in document.targets if target.kind != 'capacity'];
    [
      {
        // Every minute: the critical tier looks back five.
        name: 'slo.events',
        interval: '1m',
        rules: std.flatMap(function(target) [
          record('slo:events_total:increase5m', lib.total(target), lib.labels(target)),
          record('slo:events_bad:increase5m', lib.bad(target), lib.labels(target)),
        ], targets),
      },
      {
        name: 'slo.windows',
        interval: '1m',
        rules: [ratio('5m', 'slo:events_bad:increase5m', 'slo:events_total:increase5m')]
               + std.flatMap(of, windows.fast),
      },
      {
        // Exactly five minutes: the long sums count on it.
        name: 'slo.paced',
        interval: '5m',
        rules: [
          record('slo:events_total:paced5m', 'slo:events_total:increase5m'),
          record('slo:events_bad:paced5m', 'slo:events_bad:increase5m'),
        ],
      },
      {
        // The long sums are dear and change slowly; below 5 m, after which Prometheus calls a series stale.
        name: 'slo.budget',
        interval: '2m',
        rules: std.flatMap(function(target) [
          record('slo:objective:ratio', 'vector(' + lib.decimal(target.objective) + ')', lib.labels(target)),
          record('slo:error_budget:ratio', 'vector(' + lib.allowed(target) + ')', lib.labels(target)),
          record('slo:time_period:days', 'vector(30)', lib.labels(target)),
          record('sloth_slo_info', 'vector(1)', lib.labels(target) {
            sloth_objective: lib.decimal(target.objective * 100),
            basis: target.basis,
            kind: target.kind,
            team: target.team,
          }),
        ], targets) + promises(document) + std.flatMap(of, windows.slow) + [
          // Bad events that 30 days allow, at the average traffic seen: for a young installation that is a forecast.
          record(
            'slo:error_budget:events30d',
            'slo:error_budget:ratio * avg_over_time(slo:events_total:paced5m[30d]) * 8640'
          ),
          record(
            'slo:current_burn_rate:ratio',
            'slo:sli_error:ratio_rate5m / on (target) group_left () slo:error_budget:ratio'
          ),
          record(
            'slo:period_burn_rate:ratio',
            'slo:sli_error:ratio_rate30d / on (target) group_left () slo:error_budget:ratio'
          ),
          record('slo:period_error_budget_remaining:ratio', '1 - slo:period_burn_rate:ratio'),
          // Until nothing is left at the pace of the last day; without a bad event in a day there is no such time.
          record(
            'slo:period_error_budget_exhaustion:seconds',
            'clamp_min(slo:period_error_budget_remaining:ratio, 0) * 30 * 86400 / on (target) group_left () '
            + '(slo:sli_error:ratio_rate1d / on (target) group_left () slo:error_budget:ratio > 0)'
          ),
        ],
      },
    ] + [
      // Capacity: what a capacity run held, and how much of the promise live traffic uses on the busiest server.
      {
        name: 'slo.capacity',
        interval: '1m',
        rules: std.flatMap(function(target) [
          record(
            'slo:capacity:ratio',
            'max(pantrywatch_capacity_requests_per_minute) / %s' % lib.decimal(target.threshold),
            { target: target.id, layer: target.layer }
          ),
          record(
            'slo:capacity_use:ratio',
            'max(sum by (instance) (rate(%s[5m]))) * 60 / %s' % [target.sli.total[0], lib.decimal(target.threshold)],
            { target: target.id, layer: target.layer }
          ),
        ], [target for target in document.targets if target.kind == 'capacity']),
      },
    ],
}
