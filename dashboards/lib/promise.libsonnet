// The documented targets (targets.yaml) as colours, lines and links of a panel. The only way a promised number gets there.
local panel = import 'panel.libsonnet';
local document = std.parseYaml(importstr '../../targets.yaml');
local colours = panel.colours;

// Yellow from here on: within a fifth of what is promised.
local near = 0.8;
// Late by so much that people give up rather than wait.
local hurting = 2;

// Without the noise of binary fractions.
local clean(number) = std.round(number * 1e9) / 1e9;

local of(id) = [target for target in document.targets if target.id == id][0];
local allowed(id) = clean(1 - of(id).objective);
local shown(id, steps) = panel.limits(steps) + panel.lines + panel.to_slo(id);

{
  tiers:: document.tiers,
  targets:: document.targets,
  of:: of,
  // The share of bad events that is promised at most.
  allowed:: allowed,

  // For le=~"…": the edge at the threshold, as Prometheus 2 spells it and as Prometheus 3 does.
  edge(id)::
    local threshold = of(id).threshold;
    if threshold == std.floor(threshold) then '%d(\\\\.0)?' % threshold else std.strReplace('%g' % threshold, '.', '\\\\.'),

  // Panels of seconds against a target of kind latency. The lines show beside graphs, the colours on numbers.
  latency(id):: shown(id, [
    [null, colours.kept],
    [clean(near * of(id).threshold), colours.near],
    [of(id).threshold, colours.broken],
    [clean(hurting * of(id).threshold), colours.hurt],
  ]),

  // Shares of bad events (errors, late answers), 0 to 1. Red where the fastest of the alerts would fire.
  bad_share(id):: shown(id, [
    [null, colours.kept],
    [clean(near * allowed(id)), colours.near],
    [allowed(id), colours.broken],
  ] + [
    [share, colours.hurt]
    for share in [clean(document.tiers[0].factor * allowed(id))]
    if share < 1
  ]),

  // Shares of good events (availability, hits), 0 to 1.
  good_share(id)::
    local hurt = clean(1 - document.tiers[0].factor * allowed(id));
    shown(id, (if hurt > 0 then [[null, colours.hurt], [hurt, colours.broken]] else [[null, colours.broken]]) + [
      [of(id).objective, colours.near],
      [clean(1 - near * allowed(id)), colours.kept],
    ]),

  // Rates against a target of kind capacity, in its unit: at least that much.
  capacity(id):: shown(id, [
    [null, colours.broken],
    [of(id).threshold, colours.kept],
  ]),

  // Shares of what a target of kind capacity promises that live traffic uses.
  capacity_use(id):: shown(id, [
    [null, colours.kept],
    [near, colours.near],
    [1, colours.broken],
  ]),

  // The promise in words, with whose experience the number is, for descriptions.
  words(id):: 'Promised: "%s" (basis: %s).' % [of(id).statement, of(id).basis],
}
