// What was promised, its state, and the share of good events over every window.
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local cells = import '../lib/table_cells.libsonnet';
  local history = import '../lib/history.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);

  local which = '{target="$target"}';
  local windows = ['5m', '1h', '6h', '1d', '3d', '30d'];
  local empty = 'Not measured, or no events';

  [
    panel.table(
      'Target',
      'In the words of the document, with its section, and the basis of the measurement: field, users; lab, our own browser; traffic, the servers; probe, our checks. docs/targets.md says how it is counted.',
      'percentunit',
      [
        panel.rows(('max by (title, statement, section, basis, team) (' + series.promise + '%s)') % which),
        panel.rows(('max (' + series.objective + '%s)') % which),
      ],
      'No recording rule of the targets has run yet: is Prometheus younger than two minutes?',
      [
        ['title', 'Name', { 'custom.width': 190 }],
        ['statement', 'Target', { 'custom.minWidth': 240 }],
        ['section', 'Section', { 'custom.width': 190 }],
        ['basis', 'Basis', { 'custom.width': 70 }],
        ['team', 'Team', { 'custom.width': 80 }],
        ['Value #B', 'Objective', { 'custom.width': 160, noValue: 'a rate' }],
      ],
    ) + panel.size(18, 4),

    panel.stat(
      'State',
      'Current state of the target: met, at risk (less than a fifth of the error budget left), missed over 30 days, degraded or users affected while an alert fires, or not measured here. Good: met.',
      'none',
      [panel.now(slo_targets.state(which))],
      'No such target.',
    ) + panel.size(6, 4) + panel.plain_stat + panel.decimals(0) + panel.texts(cells.states.promise),

    panel.stat(
      'Good events',
      'Share of good events over each window; bad and all events are summed before dividing. Windows from 2 hours on follow within five minutes. Too early: less than a day of data. Good: at least the objective.',
      'percentunit',
      [
        panel.now(
          local share = '1 - max by (target) (%s%s)' % [series.error_ratio(window), which];
          if std.member(['1d', '3d', '30d'], window) then slo_targets.over_days(share, which) else share, window
        )
        for window in windows
      ],
      empty,
    ) + panel.size(12, 4) + panel.plain_stat + panel.decimals(3) + panel.texts(history.mapping),

    panel.stat(
      'Error budget left',
      'Share of the bad events allowed in 30 days that is left; until there are 30 days of data, at the average traffic seen. Good: above 20%. Below 0 the target is missed over 30 days.',
      'percentunit',
      [panel.query(('max(' + series.budget_remaining + '%s)') % which)],
      empty,
    ) + panel.size(4, 4) + panel.decimals(1) + panel.limits(slo_targets.budget_steps),

    panel.stat(
      'Budget exhausted in',
      'How long the rest lasts at the pace of the last day; with less than a day of data it is too early to say. Good: longer than 30 days, or no bad event in a day.',
      's',
      [panel.now(('max(' + series.budget_exhaustion + '%s)') % which)],
      'No bad event, or too early to say',
    ) + panel.size(4, 4) + panel.plain_stat + panel.decimals(0)
    // The alerts of the fastest tiers come within days; 30 are the period itself.
    + panel.limits([[null, panel.colors.broken], [3 * 86400, panel.colors.near], [30 * 86400, panel.colors.kept]]),

    panel.stat(
      'Events per day',
      'How many events count towards the target, at the pace of the last day. Where they are few, a single one matters a lot: docs/targets.md says how many each alert needs.',
      'short',
      [panel.now(('288 * sum(avg_over_time(' + series.sampled_total + '%s[1d]))') % which)],
      empty,
    ) + panel.size(4, 4) + panel.plain_stat + panel.decimals(0),
  ]
