// An expression that sees the series of this installation alone: every selector of a metric that is scraped has one
// more matcher. Series that rules record are left as they are: their names are those of pantrywatch.
//
// It reads words, not the grammar: a word outside of texts, matchers and lists of labels is a metric unless it is known
// as something else, or a parenthesis follows. Texts are in double quotes.
local letters = { [letter]: true for letter in std.stringChars('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') };
local between_words = std.stringChars(' \n()[],+-*/%^<>=!@');
local mark = '\u0001';
// What a backslash takes out of its meaning.
local escapes = [['\\\\', '\u0002'], ['\\"', '\u0003']];

local of_labels = { [word]: true for word in ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'] };
// Words of PromQL that are no metric, without those that a parenthesis always follows.
local words = of_labels + {
  [word]: true
  for word in [
    'and',
    'or',
    'unless',
    'atan2',
    'bool',
    'offset',
    'inf',
    'nan',
    'Inf',
    'NaN',
    'sum',
    'min',
    'max',
    'avg',
    'group',
    'stddev',
    'stdvar',
    'count',
    'count_values',
    'bottomk',
    'topk',
    'quantile',
    'limitk',
    'limit_ratio',
    // Prometheus' own: an alert has no label of what it is about.
    'ALERTS',
    'ALERTS_FOR_STATE',
  ]
};

local split_words(text) =
  std.split(std.foldl(function(so_far, one) std.strReplace(so_far, one, mark + one + mark), between_words, text), mark);
local is_space(word) = word == '' || word == ' ' || word == '\n';
local last_word(text) =
  local found = [word for word in split_words(text) if !is_space(word)];
  if found == [] then '' else found[std.length(found) - 1];
local position(text, one) =
  local found = std.findSubstr(one, text);
  if found == [] then std.length(text) else found[0];

// `recorded`: name → true of the series that rules record; those with a colon need not be in it.
function(expr, matcher, recorded={})
  local is_scraped(word) =
    word != '' && word[0] in letters && !(word in words) && !(word in recorded) && std.findSubstr(':', word) == [];

  // Words up to a parenthesis, a brace or the end. `is_followed`: the last one has one of those two behind it.
  local metrics(text, is_followed) =
    local found = split_words(text);
    local last = std.foldl(function(so_far, index) if is_space(found[index]) then so_far else index, std.range(0, std.length(found) - 1), -1);
    std.join('', [
      found[index] + (if is_scraped(found[index]) && !(is_followed && index == last) then '{' + matcher + '}' else '')
      for index in std.range(0, std.length(found) - 1)
    ]);

  // Text without matchers and texts. `is_selector`: a brace follows it.
  local code(text, is_selector) =
    local parts = std.split(text, '(');
    std.join('(', [
      local part = parts[index];
      local end = if index > 0 && last_word(parts[index - 1]) in of_labels then position(part, ')') else 0;
      part[:end] + metrics(part[end:], is_selector || index < std.length(parts) - 1)
      for index in std.range(0, std.length(parts) - 1)
    ]);

  // `is_inside`: whether the text begins within matchers. Returns the text, and whether it ends there.
  local segment(text, is_inside) =
    local end = position(text, if is_inside then '}' else '{');
    local rest = text[end + 1:];
    if end == std.length(text) then { text: if is_inside then text else code(text, false), is_inside: is_inside }
    else if is_inside then
      local next = segment(rest, false);
      next { text: text[:end] + '}' + next.text }
    else
      local next = segment(rest, true);
      local word = last_word(text[:end]);
      local is_ours = word in recorded || std.findSubstr(':', word) != [] || word in words && !(word in of_labels);
      local more = if is_ours && word != '' && word[0] in letters then '' else matcher + (if rest[:1] == '}' then '' else ',');
      next { text: code(text[:end], true) + '{' + more + next.text };

  local protected = std.foldl(function(so_far, one) std.strReplace(so_far, one[0], one[1]), escapes, expr);
  local segments = std.split(protected, '"');
  local step(now, index) =
    local text = segments[index];
    if index % 2 == 1 then { text: now.text + '"' + text + '"', is_inside: now.is_inside }
    else
      local next = segment(text, now.is_inside);
      { text: now.text + next.text, is_inside: next.is_inside };
  local fenced = std.foldl(step, std.range(0, std.length(segments) - 1), { text: '', is_inside: false }).text;
  if matcher == '' then expr
  else std.foldl(function(so_far, one) std.strReplace(so_far, one[1], one[0]), escapes, fenced)
