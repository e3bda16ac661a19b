// Are we meeting our targets? Every documented target in the order and the words of the document.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local series = import '../alert_rules/lib/slo_series.libsonnet';
  local board = import 'lib/board.libsonnet';
  local cells = import 'lib/table_cells.libsonnet';
  local history = import 'lib/history.libsonnet';
  local months = import 'lib/months.libsonnet';
  local panel = import 'lib/panel.libsonnet';
  local slo_targets = (import 'lib/slo_targets.libsonnet')(config);
  local colors = panel.colors;

  local of(series) = 'max by (target) (%s)' % series;
  // Bad and all events are added up over the time and divided last, as the budgets are.
  local good(range, offset='') =
    local sum(events) = 'sum by (target) (%s)' % series.sampled_sum(events, '[%s]%s' % [range, offset]);
    '1 - %s / (%s > 0)' % [sum(series.sampled_bad), sum(series.sampled_total)];
  // Of the month (in UTC) that it is at the end of the time shown: those half hours of the last 31 days whose middle is in
  // it, added up before they are chosen, for that costs a sixth of choosing each five minutes.
  local month_to_date =
    local this_month = 'on () (month(vector(time() - 900)) == on () month(max(max_over_time(timestamp(' + series.measured + ')[1h:5m] @ end()))))';
    local sum(events) = 'sum by (target) (sum_over_time((%s and %s)[31d:30m]))' % [series.sampled_sum(events, '[30m]'), this_month];
    '1 - %s / (%s > 0)' % [sum(series.sampled_bad), sum(series.sampled_total)];
  local share = { 'custom.width': 95, decimals: 3, noValue: 'no data', mappings: cells.texts(history.mapping) };
  local to_slo = cells.link('Target in detail', '/d/crm-slo?var-target=${__value.raw:percentencode}&${__url_time_range}');

  board.new(
    'targets',
    'CRM targets',
    'Are we meeting our targets? Every documented target, in the order and the words of the document, with its measurements.',
    [],
    [
      board.row('Status: how many are met?', [
        panel.stat(
          'Targets by state',
          'Number of targets in each state. Met: measured, and no alert fires. At risk: less than a fifth of the 30-day error budget left. Missed: nothing left. Not measured: nothing here feeds it, which is not the same as met; the table says why. No data yet: the first minutes cannot tell. Good: all met.',
          'none',
          [
            panel.now('count((%s) == %s) or 0 * count(%s)' % [slo_targets.state(), number, series.measured], cells.states.promise[number][0])
            for number in std.objectFields(cells.states.promise)
          ],
          'Target rules have not run yet.',
        ) + panel.size(24, 4) + panel.plain_stat + panel.decimals(0)
        + std.foldl(function(sum, number) sum + panel.color(cells.states.promise[number][0], cells.states.promise[number][1]), std.objectFields(cells.states.promise), {}),
      ]),
      board.row('Targets vs. measurements', [
        panel.table(
          'All targets',
          'Each target in the words and the order of the document, and the share of good events: in the last hour, in rolling 30 days, and this month up to the last half hour (too early: less than a day of data). Basis says how it is measured: field, users; lab, our own browser; traffic, the servers; probe, our checks. Good: at least the objective, and error budget left.',
          'percentunit',
          [
            panel.rows('max by (position, section, target, statement, basis) (' + series.promise + ')'),
            panel.rows(slo_targets.state()),
            panel.rows(of(series.objective)),
            panel.rows('1 - ' + of(series.error_ratio('1h'))),
            panel.rows(slo_targets.over_days('1 - ' + of(series.error_ratio('30d')))),
            panel.rows(slo_targets.over_days(month_to_date)),
            panel.rows(of(series.budget_remaining)),
            panel.rows(of(series.current_burn_rate)),
          ],
          'Target rules have not run yet: did Prometheus start less than two minutes ago, or are its rules failing?',
          [
            ['position', 'No.', { 'custom.width': 50 }],
            ['section', 'Section', { 'custom.width': 150 }],
            ['statement', 'Target', { 'custom.minWidth': 230 }],
            ['target', 'ID', to_slo { 'custom.width': 160 }],
            ['basis', 'Basis', { 'custom.width': 70 }],
            ['Value #B', 'State', cells.colored({ unit: 'none', decimals: 0, mappings: cells.texts(cells.states.promise), 'custom.width': 110 })],
            ['Value #C', 'Objective', { 'custom.width': 85, noValue: 'a rate' }],
            ['Value #D', 'Last hour', share],
            ['Value #E', '30 days', share],
            ['Value #F', 'This month', share],
            ['Value #G', 'Budget left', cells.bar(0, 1, { decimals: 0, thresholds: cells.steps(slo_targets.budget_steps), 'custom.width': 120 })],
            ['Value #H', 'Burn now', cells.colored({ unit: 'none', decimals: 1, thresholds: cells.steps(slo_targets.burn_steps), 'custom.width': 80 })],
          ],
          'No.',
          24,
          29,
          descending=false,
        ),
        panel.table(
          'Not measured, and why',
          'What each target lacks: a data source that is not set up, or what the application does not export. "No data yet": the first minutes cannot tell. docs/your-application.md says what to export. Good: only what you do not want measured.',
          'none',
          [panel.rows('max by (target, reason) (' + series.not_measured + ')')],
          'Every target is measured.',
          [
            ['target', 'Target', to_slo { 'custom.width': 250 }],
            ['reason', 'Why', { 'custom.minWidth': 300 }],
          ],
          'Target',
          24,
          9,
          descending=false,
        ),
      ]),
      board.row('Over time', [
        panel.states(
          'State over time',
          'State of each measured target, and since when. Good: always healthy. Unknown: measured, but its data is missing.',
          [panel.query('max by (target) (' + series.target_health + ')', '{{target}}')],
          'No state yet (takes a few minutes), or no target is measured here.',
        ) + panel.size(24, 10) + panel.texts(cells.states.health),
        panel.timeseries(
          'Error budget over time',
          'Error budget left of the 30 days, for each target. It falls with every bad event, and rises when old ones leave the 30 days. Good: above 20%, the dashed line; below 0 the target is missed.',
          'percentunit',
          [panel.query('max by (target) (' + series.budget_remaining + ') and on (target) ' + series.measured + ' == 1', '{{target}}')],
          'No target has counted an event yet.',
        ) + panel.size(24, 9) + panel.limits(slo_targets.budget_steps) + panel.lines,
        panel.stat(
          'Trend of good events (last hour, all bases)',
          'Share of good events in the last hour for each measured target, and its trend over the time range shown. Good: level, at the objective or above; the table shows the objective.',
          'percentunit',
          [panel.query('1 - max by (target) (' + series.error_ratio('1h') + ') and on (target) ' + series.measured + ' == 1', '{{target}}')],
          'No target has counted an event in an hour.',
        ) + panel.size(24, 6),
      ]),
      board.row('Months: which kept what was promised?', [
        months.kept(24, 4),
        months.table('Months of all targets', '', 24, 16, [['target', 'Target', to_slo { 'custom.minWidth': 190 }]]),
      ]),
      board.row('Looking back', [
        panel.table(
          'Good events by period',
          'Share of good events in the last 7 and the last 30 days, and in the 30 days that ended a week ago (too early: less than a day of data). Longer than samples are kept (retention_days in settings.yaml): see the months above. Good: at least the objective, and not falling.',
          'percentunit',
          [
            panel.rows(of(series.objective)),
            panel.rows(slo_targets.over_days(good('7d'))),
            panel.rows(slo_targets.over_days('1 - ' + of(series.error_ratio('30d')))),
            panel.rows(good('30d', ' offset 7d')),
          ],
          'No target has counted an event yet.',
          [
            ['target', 'Target', to_slo { 'custom.minWidth': 190 }],
            ['Value #A', 'Objective', { 'custom.width': 105 }],
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
