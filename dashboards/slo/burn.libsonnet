// How fast the error budget goes, the lines from which an alert fires, what is left, and the events that spent it.
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local cells = import '../lib/table_cells.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local colors = panel.colors;

  local which = '{target="$target"}';
  local empty = 'Not measured here, or no events in the time range shown.';
  local burn(window) =
    'max(%s%s) / max(%s%s)' % [series.error_ratio(window), which, series.error_budget, which];
  // The lines are drawn from the least severe tier up.
  local tiers = std.sort(slo_targets.tiers, function(tier) tier.factor);
  local severity = { critical: colors.hurt, high: colors.broken, medium: colors.near, low: colors.near };
  local said = std.join(', ', ['%s from %g' % [tier.severity, tier.factor] for tier in slo_targets.tiers]);

  [
    panel.timeseries(
      'Burn rate',
      'How fast the error budget is used: at 1 it lasts exactly 30 days. An alert fires when a long window and its short one are both above its line, with at least %g bad events: %s. A tier that needs more bad events than there are events is left out.'
      % [slo_targets.minimum_bad_events, said],
      'none',
      [panel.query(burn(window), window) for window in ['5m', '1h', '6h', '1d', '3d']],
      empty,
    ) + panel.size(12, 9)
    + panel.limits([[null, colors.kept]] + [[tier.factor, severity[tier.severity]] for tier in tiers]) + panel.lines + panel.soft_to(slo_targets.tiers[0].factor)
    + { options+: { legend+: { sortBy: 'Name', sortDesc: false } } },

    panel.timeseries(
      'Error budget over time',
      'Error budget left of the 30 days. It falls with every bad event, and rises when old ones leave the 30 days. Good: above 20%. Below 0 the target is missed.',
      'percentunit',
      [panel.query(('max(' + series.budget_remaining + '%s)') % which, 'left')],
      empty,
    ) + panel.size(12, 9) + panel.limits(slo_targets.budget_steps) + panel.lines,

    panel.timeseries(
      'Good and bad events',
      'Events per five minutes, bad ones on top: what spent the budget, and when. Good: no bad ones.',
      'short',
      [
        panel.query(('sum(' + series.events_total + '%s) - sum(' + series.events_bad + '%s)') % [which, which], 'good'),
        panel.query(('sum(' + series.events_bad + '%s)') % which, 'bad'),
      ],
      empty,
    ) + panel.size(12, 8) + panel.stacked + panel.color('good', colors.kept) + panel.color('bad', colors.hurt),

    panel.states(
      'Alerts',
      'When alerts of this target fired, by severity. Good: none.',
      [panel.query('max by (alertname, severity) (ALERTS{alertstate="firing", severity!="none", target="$target"})', '{{alertname}} ({{severity}})')],
      'No alert of this target fired in the time range shown.',
    ) + panel.size(12, 8) + panel.texts({ '1': ['firing', colors.hurt] }),
  ]
