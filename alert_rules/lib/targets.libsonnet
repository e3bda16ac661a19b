// targets.yaml, read once, and its targets as PromQL. `changes`: target id → fields that differ here (`_config.targets`).
local births = import 'births.libsonnet';
local matchers = import 'matchers.libsonnet';
local numbers = import 'numbers.libsonnet';
local series = import 'slo_series.libsonnet';
local vantages = import 'vantages.libsonnet';
local written = std.parseYaml(importstr '../../targets.yaml');

function(changes={}, time=(import 'time.libsonnet')())
  // Locals are evaluated once, fields each time they are read.
  local document = written {
    targets: [
      target + (if target.id in changes then changes[target.id] else {})
      for target in written.targets
    ],
  };
  local targets = document.targets;
  local of_five_minutes = time.with_scrape('5m');
  local extrapolated = numbers.decimal(time.extrapolated('5m'));
  local watched_twice = ['pg_', 'redis_'];
  local has_log = series.errors_source + '{source="log"}';
  local had_log = 'last_over_time(%s{source=~"log|unknown"}[%s])' % [series.errors_source, time.duration('6m')];
  local increase(selector) = births.increase(selector, of_five_minutes, time.duration('5m'), extrapolated);
  local counted(selector) =
    if !vantages.is_of_failures(selector) then increase(selector)
    else vantages.failed(selector, increase, function(fails) 'avg_over_time(%s[%s])' % [fails, time.duration('5m')]);

  {
    local lib = self,

    document:: document,
    targets:: targets,
    tiers:: document.tiers,
    // How far beyond the promise, and beyond chance, the events of the last minutes must be (CrmTargetMissedNow).
    literal:: document.literal,
    minimum_bad_events:: document.minimum_bad_events,
    // Increases are fractions: compared with half an event less.
    least_bad_events:: numbers.decimal(document.minimum_bad_events - 0.5),
    minimum_sigmas:: document.minimum_sigmas,

    // Counts of rare events lean to the right: what chance passes once in so many times is this many events further out
    // than so many standard deviations (Cornish and Fisher).
    skew(sigmas):: numbers.round(10 * (std.pow(sigmas, 2) - 1) / 6) / 10,

    by_id(id)::
      local found = [target for target in targets if target.id == id];
      if found == [] then error 'targets.yaml has no target %s' % id else found[0],

    decimal:: numbers.decimal,

    // Share of events that may be bad, as a number and as text.
    allowed_share(target):: numbers.round((1 - target.objective) * 1e9) / 1e9,
    allowed(target):: numbers.decimal(1 - target.objective),

    // For le=~"…": the bucket edge in both spellings, as the client libraries write a whole number as 1 or as 1.0.
    edge(number)::
      local text = numbers.decimal(number);
      if std.floor(number) == number then text + '(\\\\.0)?' else std.strReplace(text, '.', '\\\\.'),

    // A matcher for the edge; exact where there is one spelling.
    edge_matcher(number)::
      if std.floor(number) == number then 'le=~"' + lib.edge(number) + '"' else 'le="' + numbers.decimal(number) + '"',

    // The selector of a histogram as that of one of its series: a suffix to the name, a matcher more.
    series(selector, suffix, matcher='')::
      local all = [text for text in [matcher, matchers.text(selector)] if text != ''];
      std.split(selector, '{')[0] + suffix + (if all == [] then '' else '{' + std.join(',', all) + '}'),

    // Events of five minutes. With a scrape every 15 s the range of 5m15s holds the 21 samples whose differences are
    // exactly five minutes; increase() extrapolates to the length of the range, which the division takes back. So
    // adjacent windows neither miss nor share an event. With another scrape interval it is right on average.
    // Prometheus 3 leaves out a sample at the very start of a range: there are 21 at every moment. Prometheus 2 sees a 22nd
    // where a scrape falls on the start to the millisecond: five minutes are then those of 5m15s on average.
    // `guard`: selector → what must exist beside it for its series to count.
    // `known`: the events of a server → the same without what cannot be known.
    increase5m(selectors, guard=function(selector) '', known=function(expr) expr)::
      'sum(' + lib.added(selectors, function(selector) counted(selector) + guard(selector), known) + ') / ' + extrapolated,

    // Events of several selectors, each counted by `events`, for a sum.
    added(selectors, events, known=function(expr) expr)::
      // A server that the Go exporter watches beside ours has its events once.
      local one(selector) =
        if [prefix for prefix in watched_twice if std.startsWith(selector, prefix)] == [] then events(selector)
        else known('max by (instance) (sum by (job, instance) (%s))' % events(selector));
      // The name of a metric is lost in increase(): a label keeps two series apart that differ in nothing else.
      local numbered(index) = 'label_replace(' + one(selectors[index]) + ', "part", "' + (index + 1) + '", "", "")';
      if std.length(selectors) == 1 then one(selectors[0])
      else std.join(' or ', std.map(numbered, std.range(0, std.length(selectors) - 1))),

    // Events of each server, with those of a second exporter once.
    of_servers(selectors, events)::
      'max by (instance) (sum by (job, instance) (%s))' % std.join(' or ', [events(selector) for selector in selectors]),

    // Where errors are counted from logs: without the servers whose log cannot be read. A moment in which nothing says so
    // (Prometheus was restarted) is not known either.
    known(target, expr)::
      if !('bad_in_log' in target.sli) then expr
      else '%s unless on (instance) (%s unless on (instance) %s)' % [expr, had_log, has_log],
    // Bad events, by server: in its log where that is followed, else by the server's own count; never both.
    bad_by_source(target, events)::
      'sum(%s and on (instance) %s or %s unless on (instance) %s)' % [
        lib.of_servers(target.sli.bad_in_log, events),
        has_log,
        lib.of_servers(target.sli.bad, events),
        had_log,
      ],

    // The share of bad events between the last two scrapes that counted any.
    bad_now(target)::
      local rate(selector) = 'irate(%s[%s])' % [selector, time.with_scrape('1m')];
      local latest(selector) =
        if !vantages.is_of_failures(selector) then rate(selector)
        else vantages.failed(selector, rate, function(fails) fails);
      local events(selectors) = 'sum(%s)' % lib.added(selectors, latest);
      local is_latency = target.kind == 'latency';
      local histogram(suffix, matcher='') = [lib.series(target.sli.histogram, suffix, matcher)];
      local edge = histogram('_bucket', lib.edge_matcher(std.get(target, 'threshold', 0)));
      local told(selector) =
        local tells = lib.tells(target, selector);
        latest(selector) + (if tells == [] then '' else ' and on (job) (%s)' % std.join(' or ', std.map(latest, tells)));
      local total =
        if is_latency then 'sum(%s and on (job, instance) %s)' % [latest(histogram('_count')[0]), latest(edge[0])]
        else 'sum(%s)' % lib.added(target.sli.total, told, function(expr) lib.known(target, expr));
      local bad =
        if is_latency then total + ' - ' + events(edge)
        else if 'good' in target.sli then total + ' - ' + events(target.sli.good)
        else if 'bad_in_log' in target.sli then lib.bad_by_source(target, latest) + ' or 0 * ' + total
        else events(target.sli.bad) + ' or 0 * ' + total;
      '(%s) / (%s > 0)' % [bad, total],

    // What counts a target now: its series that were scraped a moment ago. One lost scrape does not matter.
    counted(target)::
      local selectors = if target.kind == 'latency' then [lib.series(target.sli.histogram, '_count')] else target.sli.total;
      local now = std.join(' or ', ['last_over_time(%s[%s])' % [selector, time.duration('2m')] for selector in selectors]);
      'count(%s)' % if 'bad_in_log' in target.sli then lib.known(target, '(%s)' % now) else now,
    // Events of a latency target: of the instances whose histogram has an edge at the threshold. Others cannot say.
    total(target)::
      if target.kind == 'latency' then
        local edge = lib.series(target.sli.histogram, '_bucket', lib.edge_matcher(target.threshold));
        'sum(%s and on (job, instance) %s) / %s' % [
          counted(lib.series(target.sli.histogram, '_count')),
          'present_over_time(' + edge + '[' + of_five_minutes + '])',
          extrapolated,
        ]
      else lib.increase5m(target.sli.total, function(selector)
        local tells = lib.tells(target, selector);
        if tells == [] then '' else ' and on (job) (%s)' % std.join(' or ', [
          'increase(%(s)s[%(now)s]) or last_over_time(%(s)s[%(week)s:%(hour)s])'
          % { s: one, now: of_five_minutes, week: time.duration('7d'), hour: time.duration('1h') }
          for one in tells
        ]), function(expr) lib.known(target, expr)),
    // The selectors that show that a total can tell good events from bad ones: by the labels that its bad ones are chosen
    // by. One of them must exist in its job, this week at least, for a series without a failure to count as good. Our own
    // exporters always have these labels.
    tells(target, selector)::
      local metric(text) = std.split(text, '{')[0];
      local labels(text) = std.set([matchers.label(matcher) for matcher in matchers.of(text)]);
      local told = std.set(std.flattenArrays([
        std.setDiff(labels(bad), labels(selector))
        for bad in std.get(target.sli, 'bad', [])
        if metric(bad) == metric(selector)
      ]));
      if std.startsWith(selector, 'pantrywatch_') then []
      else [lib.series(selector, '', label + '!=""') for label in told],

    // Bad events. What is missing counts differently: no series of failures next to events is "none failed"; no series of
    // good events is "unknown", and gives no sample.
    bad(target)::
      local total = lib.total(target);
      if target.kind == 'latency' then
        total + ' - ' + lib.increase5m([lib.series(target.sli.histogram, '_bucket', lib.edge_matcher(target.threshold))])
      else if 'good' in target.sli then total + ' - ' + lib.increase5m(target.sli.good)
      else if 'bad_in_log' in target.sli then
        lib.bad_by_source(target, counted) + ' / ' + extrapolated + ' or 0 * ' + total
      else lib.increase5m(target.sli.bad) + ' or 0 * ' + total,
  }
