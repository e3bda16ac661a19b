// The documented targets (targets.yaml) as colors, lines and links of a panel. The only way a promised number gets there.
function(config)
  local history = import 'history.libsonnet';
  local panel = import 'panel.libsonnet';
  local numbers = import '../../alert_rules/lib/numbers.libsonnet';
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local targets = (import '../../alert_rules/lib/targets.libsonnet')(config.targets);
  local colors = panel.colors;

  // Yellow from here on: within a fifth of what is promised.
  local near = 0.8;
  // Late by so much that people give up rather than wait.
  local hurting = 2;

  // Without the noise of binary fractions.
  local clean(number) = numbers.round(number * 1e9) / 1e9;

  local of = targets.by_id;
  local allowed(id) = targets.allowed_share(of(id));
  local shown(id, steps) = panel.limits(steps) + panel.lines + panel.to_slo(id);

  {
    tiers:: targets.tiers,
    minimum_bad_events:: targets.minimum_bad_events,
    targets:: targets.targets,
    of:: of,
    // The share of bad events that is promised at most.
    allowed:: allowed,

    // For le=~"…": the edge at the threshold, in both spellings.
    edge(id):: targets.edge(of(id).threshold),

    // The document's words; with the name in front where they do not begin with it.
    said(id)::
      local target = of(id);
      local begins = std.startsWith(std.asciiLower(target.statement), std.asciiLower(target.title));
      if begins then target.statement else target.title + ': ' + target.statement,

    // How it stands with targets, the worst greatest (cells.states.promise): 6 users are hurt now, 5 degraded, 4 missed: a
    // day of history at least, and nothing left of the 30 days, 3 less than a fifth of the allowance left, 2 measured but without data, 1 kept, 0 not measured
    // here, -1 nobody can know yet whether it is.
    // `which`: a selector such as {target="lcp"}, or nothing for all; `capacity`: whether one of kind capacity is among them,
    // `application`: whether one that the application counts.
    state(which='', capacity=true, application=true)::
      local is(number, series, comparison) =
        'max by (target) (%d + 0 * (%s%s %s))' % [number, series, which, comparison];
      local missed = 'max by (target) (4 + 0 * (%s%s < 0)) and on (target) %s >= 1' % [series.budget_remaining, which, series.history_days];
      local measured(number, comparison) = ('max by (target) (%d + 0 * (' + series.measured + '%s %s))') % [number, which, comparison];
      std.join('\nor ', (if application then [is(-1, series.not_measured, '== 0')] else []) + [
        measured(0, '== 0'),
        is(6, series.target_health, '== 2'),
        is(5, series.target_health, '== 1'),
        missed,
        is(3, series.budget_remaining, '< %g' % (1 - near)),
        is(1, series.target_health, '== 0'),
      ] + (if capacity then [is(1, series.capacity, '>= 1')] else []) + [
        measured(2, '== 1'),
      ]),

    // A figure over days by `target`: with less than a day of history it says "too early" (history.mapping).
    over_days(expr, which='')::
      local days = 'max by (target) (%s%s)' % [series.history_days, which];
      history.or_early(expr, '(%s >= 1)' % days, '(%s < 1)' % days, 'target'),

    // Colors of what is left of the 30 days' allowance, and of how fast it goes (1: just what is allowed).
    budget_steps:: [[null, colors.broken], [0, colors.near], [clean(1 - near), colors.kept]],
    burn_steps:: [[null, colors.kept], [near, colors.near], [1, colors.broken], [targets.tiers[0].factor, colors.hurt]],

    // Panels of seconds against a target of kind latency. The lines show beside graphs, the colors on numbers.
    latency(id):: shown(id, [
      [null, colors.kept],
      [clean(near * of(id).threshold), colors.near],
      [of(id).threshold, colors.broken],
      [clean(hurting * of(id).threshold), colors.hurt],
    ]),

    // The promised time as a series, for axes that reach no further than the data; beside latency(id).
    line(id):: panel.query('vector(%g)' % of(id).threshold, 'target'),

    // Shares of bad events (errors, late answers), 0 to 1. Red where the fastest of the alerts would fire. The axis shows
    // what is allowed also while nothing fails.
    bad_share(id):: shown(id, [
      [null, colors.kept],
      [clean(near * allowed(id)), colors.near],
      [allowed(id), colors.broken],
    ] + [
      [share, colors.hurt]
      for share in [clean(targets.tiers[0].factor * allowed(id))]
      if share < 1
    ]) + panel.soft_to(clean(2 * allowed(id))),

    // Shares of good events (availability, hits), 0 to 1.
    good_share(id)::
      local hurt = clean(1 - targets.tiers[0].factor * allowed(id));
      shown(id, (if hurt > 0 then [[null, colors.hurt], [hurt, colors.broken]] else [[null, colors.broken]]) + [
        [of(id).objective, colors.near],
        [clean(1 - near * allowed(id)), colors.kept],
      ]),

    // Rates against a target of kind capacity, in its unit: at least that much.
    capacity(id):: shown(id, [
      [null, colors.broken],
      [of(id).threshold, colors.kept],
    ]),

    // Shares of what a target of kind capacity promises that live traffic uses.
    capacity_use(id):: shown(id, [
      [null, colors.kept],
      [near, colors.near],
      [1, colors.broken],
    ]),

    // The promise in words, with whose experience the number is, for descriptions.
    words(id):: 'Target: "%s" (basis: %s).' % [of(id).statement, of(id).basis],
  }
