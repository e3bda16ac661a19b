// Durations of the rules. `speed` divides each of them, for a stack that shows in minutes what takes hours (`up --speed`).
// Every duration in a rule is written by one of these functions, so that none can be missed.
//
// Not divided: an age compared with a number of seconds (`time() - x > 3600`), the 30 days of a budget as a number, and
// counts of events, but for those that `count` writes.
local numbers = import 'numbers.libsonnet';

local units = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
local words = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' };

// Prometheus' scrape_interval (provisioning/prometheus/prometheus.yml), and the shortest an exporter can keep up with.
local scrape = 15;
local shortest_scrape = 3;

local is_digit(char) = char >= '0' && char <= '9';

// '5m15s' → [[5, 'm'], [15, 's']]
local parts(text) =
  local last = std.length(text) - 1;
  // A part ends before a digit, and its unit begins after one.
  local ends = [
    index
    for index in std.range(0, last)
    if !is_digit(text[index]) && (index == last || is_digit(text[index + 1]))
  ];
  local part(begin, end) =
    local is_short = end == begin || is_digit(text[end - 1]);
    local from = if is_short then end else end - 1;
    local unit = if is_short then text[end] else text[end - 1] + text[end];
    if from > begin && is_digit(text[from - 1]) && unit in units then [std.parseInt(std.substr(text, begin, from - begin)), unit]
    else error 'not a duration: ' + text;
  if ends == [] || ends[std.length(ends) - 1] != last then error 'not a duration: ' + text
  else [part(if index == 0 then 0 else ends[index - 1] + 1, ends[index]) for index in std.range(0, std.length(ends) - 1)];

local seconds(text) = std.foldl(function(sum, part) sum + part[0] * units[part[1]], parts(text), 0);

function(speed=1) {
  local scrape_seconds = std.max(shortest_scrape, std.floor(scrape / speed)),
  local written(length) =
    if length == std.floor(length) then length + 's' else numbers.round(1000 * length) + 'ms',

  seconds:: seconds,

  // `5m` and the like, for ranges, steps of subqueries, `for` and the intervals of groups.
  duration(text):: if speed == 1 then text else written(seconds(text) / speed),

  // What waits for scrapes, such as `for` of an outage: shortened as they are, and an interval to no less than a second.
  of_scrapes(text)::
    if speed == 1 then text else written(std.max(1, std.floor(seconds(text) / scrape * scrape_seconds))),

  // A range with one scrape more: it holds the sample before the window's first.
  with_scrape(text)::
    if speed == 1 then text + scrape + 's' else written(seconds(text) / speed + scrape_seconds),

  // A range in which what is recorded each minute has held for so long: with the sample before, but none on its edge.
  held(text)::
    if speed == 1 then text + '59s' else written((seconds(text) + 59) / speed),

  // What increase() over that range must be divided by to be that of the window.
  extrapolated(text):: 1 + scrape_seconds * speed / seconds(text),

  // After how many seconds such a window holds nothing of a gap: with three scrapes for what an exporter saves in between.
  settled(text):: numbers.decimal(seconds(text) / speed + 3 * scrape_seconds),

  // How far predict_linear() looks ahead, in seconds.
  horizon(text):: numbers.decimal(seconds(text) / speed),

  // A number of events in a range that is compared with a limit: fewer come in a shorter range.
  count(number):: numbers.decimal(number / speed),

  // For texts, at any speed: '5m' → '5 minutes', '1h' → '1 hour'.
  words(text)::
    std.join(' ', [
      part[0] + ' ' + words[part[1]] + (if part[0] == 1 then '' else 's')
      for part in parts(text)
    ]),

  // '1h' → 'last hour', '6h' → 'last 6 hours'.
  last(text)::
    local part = parts(text)[0];
    'last ' + (if std.length(parts(text)) == 1 && part[0] == 1 then words[part[1]] else self.words(text)),
}
