// How fast the allowance goes, the lines from which an alert fires, what is left, and the events that spent it.
local cells = import '../lib/cells.libsonnet';
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local colours = panel.colours;

local which = '{target="$target"}';
local empty = 'Not measured here, or no events in the time shown.';
local burn(window) =
  'max(slo:sli_error:ratio_rate%s%s) / max(slo:error_budget:ratio%s)' % [window, which, which];
// The lines are drawn from the least severe tier up.
local tiers = std.sort(promise.tiers, function(tier) tier.factor);
local severity = { critical: colours.hurt, high: colours.broken, medium: colours.near, low: colours.near };
local said = std.join(', ', ['%s from %g' % [tier.severity, tier.factor] for tier in promise.tiers]);

[
  panel.timeseries(
    'Burn rate',
    'How fast the allowance is used: at 1 exactly all of it within 30 days. An alert fires when a long window and its short one are both above its line, with at least %g bad events: %s. A tier that needs more bad events than there are events is left out.'
    % [promise.minimum_bad_events, said],
    'none',
    [panel.query(burn(window), window) for window in ['5m', '1h', '6h', '1d', '3d']],
    empty,
  ) + panel.size(12, 9)
  + panel.limits([[null, colours.kept]] + [[tier.factor, severity[tier.severity]] for tier in tiers]) + panel.lines + panel.soft_to(promise.tiers[0].factor)
  + { options+: { legend+: { sortBy: 'Name', sortDesc: false } } },

  panel.timeseries(
    'Budget left over time',
    'What is left of what 30 days allow. It falls with every bad event, and rises when old ones leave the 30 days. Good: above 20 %. Below 0 the promise is broken.',
    'percentunit',
    [panel.query('max(slo:period_error_budget_remaining:ratio%s)' % which, 'left')],
    empty,
  ) + panel.size(12, 9) + panel.limits(promise.budget_steps) + panel.lines,

  panel.timeseries(
    'Good and bad events',
    'Events of five minutes, the bad ones on top: what spent the budget, and when. Good: no bad ones.',
    'short',
    [
      panel.query('sum(slo:events_total:increase5m%s) - sum(slo:events_bad:increase5m%s)' % [which, which], 'good'),
      panel.query('sum(slo:events_bad:increase5m%s)' % which, 'bad'),
    ],
    empty,
  ) + panel.size(12, 8) + panel.stacked + panel.colour('good', colours.kept) + panel.colour('bad', colours.hurt),

  panel.states(
    'Alerts it fired',
    'The alerts of this target, by severity: when they fired. Good: none.',
    [panel.query('max by (alertname, severity) (ALERTS{alertstate="firing", target="$target"})', '{{alertname}} ({{severity}})')],
    'No alert of this target has fired in the time shown.',
  ) + panel.size(12, 8) + panel.texts({ '1': ['firing', colours.hurt] }),
]
