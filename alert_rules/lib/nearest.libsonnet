// Names that somebody may have meant: those that share most pairs of letters with what was written.
local pairs(text) =
  local lower = std.asciiLower(text);
  std.set([lower[index:index + 2] for index in std.range(0, std.length(lower) - 2)]);

local likeness(one, other) =
  2 * std.length(std.setInter(pairs(one), pairs(other))) / (std.length(pairs(one)) + std.length(pairs(other)) + 1e-9);

local nearest(name, known) =
  local ranked = std.sort(known, function(other) -likeness(name, other));
  std.join(', ', ranked[:3]);

{
  // The names, or an error that says which are unknown and what comes near them. `where`: what they are.
  known(names, known, where)::
    local unknown = [name for name in names if !std.member(known, name)];
    if unknown == [] then names
    else error std.join('; ', [
      '%s: unknown name %s (nearest: %s)' % [where, name, nearest(name, known)]
      for name in unknown
    ]),
}
