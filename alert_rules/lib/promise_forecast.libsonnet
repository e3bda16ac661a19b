// When the busiest hours of a week will take more than all servers of the API are proven to sustain: a line through the logarithms
// of five weekly peaks, as traffic grows by a share a week. tests/bench/promise_model.py is the same as a function.
local numbers = import 'numbers.libsonnet';
local record = import 'record.libsonnet';
local slo = import 'slo_series.libsonnet';
local decimal = numbers.decimal;

// The requests of five minutes, each five minutes, that the target of the error rate counts: they have been recorded for weeks.
local requests = slo.sampled_total + '{target="api-error-rate"}';
// All but the busiest hundred minutes of a week: a single burst is not growth.
local busiest = 0.99;
// A week of which so many five minutes are known, five days, has a peak.
local least_samples = 1440;
local weeks = [0, 1, 2, 3, 4];
// Student's t for the three degrees of freedom that a line through five points leaves: 80% within, and 95% to believe in growth.
local within = 1.64;
local believed = 3.18;

// Without labels, as there is one API.
local series = {
  peak: 'crm:api_requests_peak:week',
  running: 'crm:api_servers_running:count',
  proven: 'crm:api_requests_proven:max1w',
  growth: 'crm:api_promise_growth:log1w',
  spread: 'crm:api_promise_spread:log1w',
  level: 'crm:api_promise_level:log',
  used: 'crm:api_promise_used:ratio',
  state: 'crm:api_promise_forecast:state',
  earliest: 'crm:api_promise_broken_earliest:seconds',
  latest: 'crm:api_promise_broken_latest:seconds',
};

{
  series:: series,

  // `time`: time.libsonnet; `application`: the selector of the API's servers.
  rules(time, application)::
    local duration = time.duration;
    local peak_of(week) =
      local range = '%s[%s]%s' % [requests, duration('1w'), if week == 0 then '' else ' offset ' + duration(week + 'w')];
      |||
        max(quantile_over_time(%(busiest)s, %(range)s) and count_over_time(%(range)s) >= %(least)d) * 60 / %(five_minutes)s > 0
      ||| % { busiest: decimal(busiest), range: range, least: least_samples, five_minutes: time.horizon('5m') };
    local log_of(week) = 'sum(ln(%s{week="%d"}))' % [series.peak, week];
    // The line is at `level` in the middle, two weeks ago; (growth * weeks - left) ^ 2 = unsure * (1/5 + weeks ^ 2 / 10).
    local left = '(ln(%s) - %s)' % [series.proven, series.level];
    local unsure = '(%s * %s) ^ 2' % [decimal(within), series.spread];
    local square = '(%s ^ 2 - %s / 10)' % [series.growth, unsure];
    local linear = '%s * %s' % [series.growth, left];
    local root = 'sqrt(clamp_min((%s) ^ 2 - %s * (%s ^ 2 - %s / 5), 0))' % [linear, square, left, unsure];
    local broken(sign) =
      'clamp_max(clamp_min((%s %s %s) / (%s > 0) - 2, 0) * %s, 3650 * %s) and %s == 1'
      % [linear, sign, root, square, time.horizon('1w'), time.horizon('1d'), series.state];
    [record(series.peak, peak_of(week), { week: '' + week }) for week in weeks]
    + [
      record(series.running, 'count(up{%s} == 1)' % application),
      // The most that ran at once: a server that is being replaced is still one.
      record(series.proven, 'max(pantrywatch_capacity_requests_per_minute) * max_over_time(%s[%s]) > 0' % [series.running, duration('1w')]),
      record(series.used, 'sum(%s{week="0"}) / (%s > 0)' % [series.peak, series.proven]),
      record(series.growth, '(2 * %s + %s - %s - 2 * %s) / 10' % [log_of(0), log_of(1), log_of(3), log_of(4)]),
      record(series.level, 'avg(ln(%s)) and %s' % [series.peak, series.growth]),
      record(series.spread, '(clamp_min(5 * stdvar(ln(%s)) - 10 * %s ^ 2, 0) / 3) ^ 0.5' % [series.peak, series.growth]),
      record(series.state, |||
        %(growth)s > bool %(believed)s * %(spread)s / 10 ^ 0.5
          or 0 * %(used)s + 2
      ||| % series { believed: decimal(believed) }),
      record(series.earliest, broken('-')),
      record(series.latest, broken('+')),
    ],
}
