// The requests of the coming quarter of an hour: how busy the same quarter was in the four weeks before, times what the last
// half hour is to theirs, and an upper edge. `./run bench scaling` says what an autoscaler gains by it, and how often the
// edge holds; tests/bench/scaling_model.py is the same as a function.
local numbers = import 'numbers.libsonnet';
local series = import 'slo_series.libsonnet';
local decimal = numbers.decimal;

// Those of five minutes, each minute, that the target of the error rate counts: they have been recorded for weeks.
local requests = series.events_total + '{target="api-error-rate"}';

// So many requests in half an hour count as if they had been the same in every week: without them a few requests more in a quiet
// night would say that the morning will be twice as busy.
local prior = 100;
// What quarter hours of equally busy half hours differ by, and by chance, as in baselines.jsonnet.
local least_spread = 0.05;
local chance = 1.25;

// `time`: time.libsonnet.
function(time)
  local duration = time.duration;
  local weeks(of) = std.join('\n  or ', [
    'label_replace(%s, "week", "%d", "", "")' % [of(number), number]
    for number in [1, 2, 3, 4]
  ]);
  local median(of) = 'quantile(0.5, %s)' % weeks(of);
  local mean(offset) = 'avg_over_time(%s[%s]%s)' % [requests, duration('30m'), offset];
  local mean_of_week(number) = mean(' offset ' + duration(number + 'w'));
  // The range ends a quarter of an hour after the same time of that week.
  local busiest(number) =
    'max_over_time(%s[%s] offset %s)' % [requests, duration('15m'), duration('%dd23h45m' % (7 * number - 1))];
  local now = 'max(%s)' % mean('');

  // Requests a minute. No sample without five weeks of history: a day of samples that are so old is enough.
  {
    ahead:: |||
      %(busiest)s
        * (%(now)s + %(prior)s) / (%(usual)s + %(prior)s > 0)
        * (1 + (%(least)s ^ 2 + %(chance)s / clamp_min(6 * %(now)s, 1)) ^ 0.5)
        * 60 / %(five_minutes)s
        and count(%(weeks)s) >= 3
        and max(present_over_time(%(requests)s[%(day)s] offset %(old)s))
    ||| % {
      busiest: median(busiest),
      now: now,
      usual: median(mean_of_week),
      prior: time.count(prior / 6),
      five_minutes: time.horizon('5m'),
      least: decimal(least_spread),
      chance: decimal(chance),
      weeks: weeks(mean_of_week),
      requests: requests,
      day: duration('1d'),
      old: duration('34d'),
    },

    // Never fewer than are needed now: an hour that is busier than ever is in no forecast.
    servers_ahead:: |||
      max(%(now)s or label_replace(ceil(%(ahead)s / on () group_left () (max(pantrywatch_capacity_requests_per_minute) > 0)), "when", "ahead", "", ""))
        and on () %(ahead)s
    ||| % { now: series.servers_needed, ahead: series.requests_ahead },
  }
