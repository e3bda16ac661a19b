// What was last known of a target while nobody can ask it: an alert neither ends nor begins again because of a failed
// scrape, a gap, a restart of Prometheus, or a machine that died with what it served. For expressions with the labels
// `job` and `instance`. Ranges too short to outlast a gap go with the `keep_firing_for` that alert.libsonnet gives them.
//
// `of_server`: several jobs may watch one server, and rules take the worst or best of an instance. What one of them said before
// it stopped responding counts only until another one says it of the same instance. An exporter responds also while its server
// does not, or a collector fails: what that said is not over either.
local collectors = import 'collectors.libsonnet';

function(time, of_server=false)
  local duration = time.duration;
  {
    // A gauge, by the first answer there is: now; the last minute (one lost scrape of four does not matter); the last
    // quarter of an hour, unless the target has responded since and no longer says it; what it said before it stopped
    // responding. `remembered`: for how long that counts; less where there are many series.
    gauge(selector, remembered='1d')::
      local last(range) = 'last_over_time(%s[%s])' % [selector, duration(range)];
      local name = std.split(selector, '{')[0];
      local collector = 'connection' + (if name in collectors then '|' + collectors[name] else '');
      local before = '%s unless on (job, instance) last_over_time(up[%s]) == 1 or %s and on (job, instance) up == 0'
                     % [last('15m'), duration('1m'), last(remembered)];
      local unasked = '%s and on (job, instance) pantrywatch_collector_error{collector=~"%s"}' % [last(remembered), collector];
      '(%s or %s or %s)' % [
        selector,
        last('1m'),
        if of_server then '(%s or %s) unless on (instance) %s' % [before, unasked, selector] else before,
      ],

    // The age of a time that a gauge holds, as it was when last asked for.
    age(selector)::
      local text = 'time() - ' + selector;
      local last(range) = 'last_over_time((%s)[%s:%s])' % [text, duration(range), duration('1m')];
      '(%s or time() - last_over_time(%s[%s]) or %s unless on (job, instance) last_over_time(up[%s]) == 1 or %s and on (job, instance) up == 0)'
      % [text, selector, duration('1m'), last('15m'), duration('1m'), last('6h')],

    // A rate.
    rate(expr)::
      local text = std.stripChars(expr, '\n');
      '(%s or last_over_time((%s)[%s:%s]) and on (job, instance) up == 0)' % [text, text, duration('6h'), duration('1m')],
  }
