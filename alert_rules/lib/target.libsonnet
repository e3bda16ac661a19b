// One documented target (an entry of targets.yaml) as PromQL.
{
  // A number of at most ten decimals without the noise of binary fractions, as in 1-0.9995. Integers and additions of
  // texts: formatting with % is so slow in the C++ jsonnet that the build would take seconds.
  decimal(number)::
    local places(count) =
      local scaled = number * std.pow(10, count);
      if count == 10 || std.abs(scaled - std.round(scaled)) < 1e-7 then count else places(count + 1);
    local count = places(0);
    local digits = '' + std.round(std.abs(number) * std.pow(10, count));
    local padded = std.repeat('0', std.max(0, count + 1 - std.length(digits))) + digits;
    local point = std.length(padded) - count;
    (if number < 0 then '-' else '') + padded[0:point] + (if count == 0 then '' else '.' + padded[point:]),

  // The client libraries write a whole number as 1 or 1.0.
  edge(number)::
    local text = $.decimal(number);
    if std.round(number) == number then 'le=~"' + text + '(\\\\.0)?"' else 'le="' + text + '"',

  // The selector of a histogram as that of one of its series: a suffix to the name, a matcher more.
  series(selector, suffix, matcher='')::
    local parts = std.split(selector, '{');
    local inner = if std.length(parts) > 1 && matcher != '' then matcher + ',' + std.join('{', parts[1:])
    else if std.length(parts) > 1 then std.join('{', parts[1:]) else matcher + '}';
    parts[0] + suffix + (if inner == '}' then '' else '{' + inner),

  // Events of five minutes. With a scrape every 15 s the range of 5m15s holds the 21 samples whose differences are
  // exactly five minutes; increase() extrapolates to the length of the range, which the division takes back. So
  // adjacent windows neither miss nor share an event. With another scrape interval it is right on average.
  // Prometheus 3 leaves out a sample at the very start of a range: there are 21 at every moment. Prometheus 2 sees a 22nd
  // where a scrape falls on the start to the millisecond: five minutes are then those of 5m15s on average.
  increase5m(selectors)::
    local one(selector) = 'increase(' + selector + '[5m15s])';
    // The name of a metric is lost in increase(): a label keeps two series apart that differ in nothing else.
    local numbered(index) = 'label_replace(' + one(selectors[index]) + ', "part", "' + (index + 1) + '", "", "")';
    local added =
      if std.length(selectors) == 1 then one(selectors[0])
      else std.join(' or ', std.map(numbered, std.range(0, std.length(selectors) - 1)));
    'sum(' + added + ') / 1.05',

  total(target)::
    if target.kind == 'latency' then $.increase5m([$.series(target.sli.histogram, '_count')])
    else $.increase5m(target.sli.total),

  // Bad events. What is missing counts differently: no series of failures beside events is "none failed"; no series of
  // good events is "not known", and gives no sample.
  bad(target)::
    local total = $.total(target);
    if target.kind == 'latency' then
      total + ' - ' + $.increase5m([$.series(target.sli.histogram, '_bucket', $.edge(target.threshold))])
    else if 'good' in target.sli then total + ' - ' + $.increase5m(target.sli.good)
    else $.increase5m(target.sli.bad) + ' or 0 * ' + total,

  // Share of events that may be bad.
  allowed(target):: $.decimal(1 - target.objective),

  // What a label set of every series of a target holds; sloth_* so that Sloth's boards find them.
  labels(target):: {
    target: target.id,
    layer: target.layer,
    sloth_id: 'crm-' + target.id,
    sloth_service: 'crm',
    sloth_slo: target.id,
  },
}
