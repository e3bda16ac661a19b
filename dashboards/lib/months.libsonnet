// What each of 13 calendar months kept of what was promised, from the scheduler's long memory.
local series = import '../../alert_rules/lib/slo_series.libsonnet';
local panel = import 'panel.libsonnet';
local cells = import 'table_cells.libsonnet';
local colors = panel.colors;

local empty = 'The scheduler has seen no full day (UTC) yet, or does not run here.';
local share = { 'custom.width': 120, decimals: 3, noValue: 'no events' };
// Of the bad events that a month's events allow: 1 is all of them.
local spent = cells.steps([[null, colors.kept], [0.8, colors.near], [1, colors.broken]]);

{
  // How many promises a month kept, and how many it broke.
  kept(width, height)::
    panel.stat(
      'Promises kept by month',
      'Targets that kept their promise in each calendar month (UTC): no more bad events than the events of the month allow. The table below says which; the current month counts up to yesterday. Good: all, in each month.',
      'none',
      [panel.now('count by (month) (max by (target, month) (%s) <= 1)' % series.month_budget_spent, '{{month}}')],
      empty,
    ) + panel.size(width, height) + panel.plain_stat + panel.decimals(0),

  // A row for each month, and each target where `which` selects more than one.
  table(title, which, width, height, target=[])::
    local of(series) = panel.rows('max by (target, month) (%s%s)' % [series, which]);
    panel.table(
      title,
      'Each calendar month (UTC) of the last 13, up to yesterday: share of good events without and with excluded maintenance, and the bad events as a share of those that the events of the month allow. Days: how much of the month was measured. Good: at least the objective, which is at most 100% of the budget.',
      'percentunit',
      [
        of(series.month_budget_spent),
        of(series.month_good),
        of(series.month_good_with_excluded),
        of(series.month_objective),
        of(series.month_events),
        of(series.month_measured),
      ],
      empty,
      [['month', 'Month', { 'custom.width': 85 }]] + target + [
        ['Value #D', 'Objective', { 'custom.width': 100, decimals: 3 }],
        ['Value #B', 'Good events', share],
        ['Value #C', 'With maintenance', share { 'custom.width': 150 }],
        ['Value #A', 'Budget spent', cells.bar(0, 1, { decimals: 0, thresholds: spent, 'custom.width': 140 })],
        ['Value #E', 'Events', { unit: 'short', decimals: 0, 'custom.width': 90 }],
        ['Value #F', 'Days', { unit: 'none', decimals: 1, 'custom.width': 70 }],
      ],
      'Month',
      width,
      height,
    ),
}
