// The matchers of a selector, one by one: there may be blanks between them, and commas and braces in their values.
local is_open(text) =
  local unescaped = std.strReplace(std.strReplace(text, '\\\\', ''), '\\"', '');
  std.length(std.findSubstr('"', unescaped)) % 2 == 1;

{
  // What stands between the braces of a selector.
  text(selector)::
    local opening = std.findSubstr('{', selector);
    if opening == [] then '' else selector[opening[0] + 1:std.length(selector) - 1],

  of(selector)::
    local joined(done, part) =
      if done != [] && is_open(done[std.length(done) - 1])
      then done[0:std.length(done) - 1] + [done[std.length(done) - 1] + ',' + part]
      else done + [part];
    [
      matcher
      for part in std.foldl(joined, std.split(self.text(selector), ','), [])
      for matcher in [std.stripChars(part, ' \n')]
      if matcher != ''
    ],

  label(matcher):: std.rstripChars(std.split(std.split(matcher, '=')[0], '!')[0], ' '),
}
