// Checks that run at several places: one that fails at a single place says something about that place, or its way to the CRM.
local matchers = import 'matchers.libsonnet';
local record = import 'record.libsonnet';
local series = import 'slo_series.libsonnet';

local of_check = 'job, check, kind, target';

{
  // Whether each check fails now: at two places, or at its only one. A place that is gone for five minutes is none any more.
  fails(time)::
    local at_places = 'min by (%s, vantage) (last_over_time(probe_success{vantage!=""}[%s]))' % [of_check, time.duration('5m')];
    record(series.check_fails, |||
      (count by (%(check)s) (%(places)s == 0) or 0 * count by (%(check)s) (%(places)s))
        >= bool clamp_max(count by (%(check)s) (%(places)s), 2)
    ||| % { check: of_check, places: at_places }),

  is_of_failures(selector):: std.startsWith(selector, 'pantrywatch_check_runs_total{') && std.member(matchers.of(selector), 'result="failure"'),

  // The failed runs of a selector, counted by `events`. Where a check runs at named places: the share of all its runs that
  // `share` says of the time in which it fails (the selector of what is recorded above → its value).
  failed(selector, events, share)::
    local own = [matcher for matcher in matchers.of(selector) if matcher != 'result="failure"'];
    local runs(more) = 'pantrywatch_check_runs_total{%s}' % std.join(',', own + more);
    '%s or sum by (%s) (%s) * on (%s) %s' % [
      events(runs(['result="failure"', 'vantage=""'])),
      of_check,
      events(runs(['result!=""', 'vantage!=""'])),
      of_check,
      share('%s{%s}' % [series.check_fails, std.join(',', own)]),
    ],
}
