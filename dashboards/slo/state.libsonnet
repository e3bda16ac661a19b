// What was promised, how it stands, and the share of good events over every window.
local cells = import '../lib/cells.libsonnet';
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';

local which = '{target="$target"}';
local windows = ['5m', '1h', '6h', '1d', '3d', '30d'];
local empty = 'Not measured, or no events';

[
  panel.table(
    'The promise',
    'The words of the document, where they stand, and whose experience the number is: field, users; lab, our browser; traffic, the servers; probe, our checks. How it is counted is in docs/targets.md.',
    'percentunit',
    [
      panel.rows('max by (title, statement, section, basis, team) (slo:promise:info%s)' % which),
      panel.rows('max (slo:objective:ratio%s)' % which),
    ],
    'No recording rule of the targets has run yet: is Prometheus younger than two minutes?',
    [
      ['title', 'Target', { 'custom.width': 190 }],
      ['statement', 'Promise', { 'custom.minWidth': 240 }],
      ['section', 'Section', { 'custom.width': 190 }],
      ['basis', 'Basis', { 'custom.width': 70 }],
      ['team', 'Team', { 'custom.width': 80 }],
      ['Value #B', 'Good events promised', { 'custom.width': 160, noValue: 'a rate, no share' }],
    ],
  ) + panel.size(18, 4),

  panel.stat(
    'State',
    'How the promise stands now: kept, at risk (less than a fifth of the allowance left), missed over 30 days, degraded or users hurt while an alert fires, or not measured here. Good: kept.',
    'none',
    [panel.now(promise.state(which))],
    'No such target.',
  ) + panel.size(6, 4) + panel.plain_stat + panel.decimals(0) + panel.texts(cells.states.promise),

  panel.stat(
    'Good events',
    'Share of good events over each window, bad and all events added up first; windows from 2 hours on follow within five minutes. Good: at least the promised share.',
    'percentunit',
    [panel.now('1 - max(slo:sli_error:ratio_rate%s%s)' % [window, which], window) for window in windows],
    empty,
  ) + panel.size(12, 4) + panel.plain_stat + panel.decimals(3),

  panel.stat(
    'Budget left',
    'What is left of the bad events that 30 days allow. Good: above 20 %. Below 0 the promise of 30 days is broken.',
    'percentunit',
    [panel.query('max(slo:period_error_budget_remaining:ratio%s)' % which)],
    empty,
  ) + panel.size(4, 4) + panel.decimals(1) + panel.limits(promise.budget_steps),

  panel.stat(
    'Budget gone in',
    'How long the rest lasts at the pace of the last day. Good: longer than 30 days, or no bad event.',
    's',
    [panel.now('max(slo:period_error_budget_exhaustion:seconds%s)' % which)],
    'No bad event in a day',
  ) + panel.size(4, 4) + panel.plain_stat + panel.decimals(0)
  // The alerts of the fastest tiers come within days; 30 are the period itself.
  + panel.limits([[null, panel.colours.broken], [3 * 86400, panel.colours.near], [30 * 86400, panel.colours.kept]]),

  panel.stat(
    'Events a day',
    'How many events count towards the target, at the pace of the last day. Where they are few a single one weighs much: docs/targets.md says how many each alert needs.',
    'short',
    [panel.now('sum(slo:events_total:sum1d%s)' % which)],
    empty,
  ) + panel.size(4, 4) + panel.plain_stat + panel.decimals(0),
]
