// Do we keep what we promised? Every documented target in the order and the words of the document.
local board = import 'lib/board.libsonnet';
local cells = import 'lib/cells.libsonnet';
local panel = import 'lib/panel.libsonnet';
local promise = import 'lib/promise.libsonnet';
local colours = panel.colours;

local of(series) = 'max by (target) (%s)' % series;
// Bad and all events are added up over the time and divided last, as the budgets are.
local good(range, offset='') =
  '1 - sum by (target) (sum_over_time(slo:events_bad:paced5m[%s]%s)) / (sum by (target) (sum_over_time(slo:events_total:paced5m[%s]%s)) > 0)'
  % [range, offset, range, offset];
// Of the month (in UTC) that it is at the end of the time shown: those half hours of the last 31 days whose middle is in
// it, added up before they are chosen, for that costs a sixth of choosing each five minutes.
local month_to_date =
  local this_month = 'on () (month(vector(time() - 900)) == on () month(max(timestamp(slo:measured:bool @ end()))))';
  local sum(which) = 'sum by (target) (sum_over_time((sum_over_time(slo:events_%s:paced5m[30m]) and %s)[31d:30m]))' % [which, this_month];
  '1 - %s / (%s > 0)' % [sum('bad'), sum('total')];
local share = { 'custom.width': 95, decimals: 3, noValue: 'no data' };
local to_slo = cells.link('This promise in depth', '/d/crm-slo?var-target=${__value.raw}&${__url_time_range}');

board.new(
  'targets',
  'CRM targets',
  'Do we keep what we promised? Every documented target, in the order and the words of the document, beside what was measured.',
  [],
  [
    board.row('Status: how many are kept?', [
      panel.stat(
        'Promises by state',
        'How many of the documented targets stand how. Kept: measured, and no alert fires. At risk: less than a fifth of the allowance of 30 days left. Missed: nothing left. Not measured: nothing here feeds them, which is not the same as kept. Good: all kept.',
        'none',
        [
          panel.now('count((%s) == %s) or vector(0)' % [promise.state(), number], cells.states.promise[number][0])
          for number in std.objectFields(cells.states.promise)
        ],
        'No recording rule of the targets has run yet.',
      ) + panel.size(24, 4) + panel.plain_stat + panel.decimals(0)
      + std.foldl(function(sum, number) sum + panel.colour(cells.states.promise[number][0], cells.states.promise[number][1]), std.objectFields(cells.states.promise), {}),
    ]),
    board.row('Promised and measured', [
      panel.table(
        'Every documented target',
        'What is promised, in the words of the document and in its order, and the share of good events: of the last hour, of rolling 30 days, and of this month up to the last half hour. Basis says whose experience a number is: field, users; lab, our browser; traffic, the servers; probe, our checks. Good: at least the promised share, and budget left.',
        'percentunit',
        [
          panel.rows('max by (position, section, target, statement, basis) (slo:promise:info)'),
          panel.rows(promise.state()),
          panel.rows(of('slo:objective:ratio')),
          panel.rows('1 - ' + of('slo:sli_error:ratio_rate1h')),
          panel.rows('1 - ' + of('slo:sli_error:ratio_rate30d')),
          panel.rows(month_to_date),
          panel.rows(of('slo:period_error_budget_remaining:ratio')),
          panel.rows(of('slo:current_burn_rate:ratio')),
        ],
        'No recording rule of the targets has run yet: is Prometheus younger than two minutes, or do its rules fail?',
        [
          ['position', 'No.', { 'custom.width': 50 }],
          ['section', 'Section', { 'custom.width': 150 }],
          ['statement', 'Promise', { 'custom.minWidth': 230 }],
          ['target', 'Target', to_slo { 'custom.width': 160 }],
          ['basis', 'Basis', { 'custom.width': 70 }],
          ['Value #B', 'State', cells.coloured({ unit: 'none', decimals: 0, mappings: cells.texts(cells.states.promise), 'custom.width': 110 })],
          ['Value #C', 'Promised', { 'custom.width': 85, noValue: 'a rate' }],
          ['Value #D', 'Last hour', share],
          ['Value #E', '30 days', share],
          ['Value #F', 'This month', share],
          ['Value #G', 'Budget left', cells.bar(0, 1, { decimals: 0, thresholds: cells.steps(promise.budget_steps), 'custom.width': 120 })],
          ['Value #H', 'Burn now', cells.coloured({ unit: 'none', decimals: 1, thresholds: cells.steps(promise.burn_steps), 'custom.width': 80 })],
        ],
        'No.',
        24,
        25,
        descending=false,
      ),
    ]),
    board.row('Over time', [
      panel.states(
        'Kept over time',
        'Each measured target: how it stood, since when. Good: healthy all along; a gap means that nothing was known.',
        [panel.query('max by (target) (target:health:state)', '{{target}}')],
        'No target is measured here.',
      ) + panel.size(24, 10) + panel.texts(cells.states.health),
      panel.timeseries(
        'Budget left over time',
        'What is left of what 30 days allow, for each target. It falls with every bad event, and rises when old ones leave the 30 days. Good: above 20 %, the dashed line; below 0 the promise is broken.',
        'percentunit',
        [panel.query('max by (target) (slo:period_error_budget_remaining:ratio) and on (target) slo:measured:bool == 1', '{{target}}')],
        'No target has counted an event yet.',
      ) + panel.size(24, 9) + panel.limits(promise.budget_steps) + panel.lines,
      panel.stat(
        'Trend of good events (last hour, all bases)',
        'Share of good events of the hour before, for each measured target, with its course over the time shown. Good: level, at the promised share or above; the table says what is promised.',
        'percentunit',
        [panel.query('1 - max by (target) (slo:sli_error:ratio_rate1h) and on (target) slo:measured:bool == 1', '{{target}}')],
        'No target has counted an event in an hour.',
      ) + panel.size(24, 6),
    ]),
    board.row('Looking back', [
      panel.table(
        'Good events by time',
        'Share of good events of the last 7 and the last 30 days, and of the 30 days that ended a week ago. A quarter is longer than samples are kept (retention_days in settings.yaml): of it nothing is known here. Good: at least the promised share, and not falling.',
        'percentunit',
        [
          panel.rows(of('slo:objective:ratio')),
          panel.rows(good('7d')),
          panel.rows('1 - ' + of('slo:sli_error:ratio_rate30d')),
          panel.rows(good('30d', ' offset 7d')),
        ],
        'No target has counted an event yet.',
        [
          ['target', 'Target', to_slo { 'custom.minWidth': 190 }],
          ['Value #A', 'Promised', { 'custom.width': 105 }],
          ['Value #B', '7 days', share],
          ['Value #C', '30 days', share],
          ['Value #D', '30 days, a week ago', share { noValue: 'no data yet' }],
        ],
        'Target',
        24,
        9,
        descending=false,
      ),
    ], collapsed=true),
  ],
)
