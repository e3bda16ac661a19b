// Names and labels of every series recorded for the targets. Where Sloth (https://sloth.dev) has a name, it is Sloth's,
// so that its boards find them; all others follow its pattern.
{
  // Per target, from its own metrics: events of five minutes, evaluated each minute.
  events_total: 'slo:events_total:increase5m',
  events_bad: 'slo:events_bad:increase5m',
  // How many series count them now; no sample where nothing does, while the events of five minutes are still remembered.
  series_count: 'slo:series:count',
  // The events, recorded each five minutes: what the sums over days add up.
  sampled_total: 'slo:events_total:sampled5m',
  sampled_bad: 'slo:events_bad:sampled5m',
  // Those of planned maintenance, which the events above are without; and whether it is such a time (1 or 0), for targets that
  // `exclude` of the settings names.
  excluded_total: 'slo:events_total:excluded5m',
  excluded_bad: 'slo:events_bad:excluded5m',
  // The same each minute, which sums of hours leave out.
  maintenance_total: 'slo:events_total:excluded_increase5m',
  maintenance_bad: 'slo:events_bad:excluded_increase5m',
  excluded: 'slo:excluded:bool',
  // Whether it was such a time in any minute of a range; `of`: a selector of targets.
  is_excluded(of, range):: 'max_over_time(%s%s[%s]) == 1' % [self.excluded, of, range],
  // Their sum over a range such as `[30d]`. Versions before 0.2 recorded them as `paced5m`: until those samples are older
  // than Prometheus keeps them, they count too, and an upgrade loses no budget.
  sampled_sum(events, range)::
    local old = std.strReplace(events, ':sampled5m', ':paced5m');
    'sum without (recorded) (sum_over_time(%s%s) or label_replace(sum_over_time(%s%s), "recorded", "before", "", ""))'
    % [events, range, old, range],
  // The sum over a range of hours of the events of each five minutes, without those of planned maintenance.
  counted_sum(events, excluded, range)::
    'sum without (recorded) (sum_over_time(%s%s) or label_replace(-sum_over_time(%s%s), "recorded", "excluded", "", ""))'
    % [events, range, excluded, range],
  // Events of a window (30m 1h 2h 6h 1d 3d 30d), and the share of bad ones in it (5m too).
  sum_total(window):: 'slo:events_total:sum' + window,
  sum_bad(window):: 'slo:events_bad:sum' + window,
  error_ratio(window):: 'slo:sli_error:ratio_rate' + window,

  // What the errors of each PostgreSQL server are counted by: 1, with the label `source`: log, rollbacks, or unknown while the
  // log of one that has one cannot be read.
  errors_source: 'database:errors_source:info',

  // The share of bad events between the last two scrapes, recorded each scrape; no sample without an event.
  error_ratio_now: 'slo:sli_error:ratio_now',

  // How far the bad events of a window are beyond what a target allows and chance explains, in standard deviations.
  excess: 'slo:events_excess:sigmas',

  // Of each check that runs at named places (`vantage`): whether it fails at two of them now, or at the only one. Recorded each scrape.
  check_fails: 'check:fails:bool',

  objective: 'slo:objective:ratio',
  error_budget: 'slo:error_budget:ratio',
  error_budget_events: 'slo:error_budget:events30d',
  time_period: 'slo:time_period:days',
  current_burn_rate: 'slo:current_burn_rate:ratio',
  period_burn_rate: 'slo:period_burn_rate:ratio',
  budget_remaining: 'slo:period_error_budget_remaining:ratio',
  // Days with data among the last 30: how much a figure over 30 days can say.
  history_days: 'slo:history:days',
  budget_exhaustion: 'slo:period_error_budget_exhaustion:seconds',
  // Exported by the scheduler for each target and calendar month (UTC), 13 of them: docs/deploy.md, "Long memory".
  month_good: 'slo:daily_good:ratio_month',
  month_good_with_excluded: 'slo:daily_good:ratio_month_with_excluded',
  month_objective: 'slo:daily_objective:ratio_month',
  month_budget_spent: 'slo:daily_budget_spent:ratio_month',
  month_events: 'slo:daily_events:sum_month',
  month_measured: 'slo:daily_measured:days_month',
  // What a capacity run held, and what live traffic uses, as shares of a capacity target.
  capacity: 'slo:capacity:ratio',
  capacity_use: 'slo:capacity_use:ratio',
  // How many servers the traffic of now takes, at the rate that a capacity run has proven for one.
  servers_needed: 'crm:api_servers_needed',
  // The same a quarter of an hour ahead, and the requests a minute that it follows from (an upper bound, lib/scaling.libsonnet).
  servers_needed_ahead: 'crm:api_servers_needed:ahead15m',
  requests_ahead: 'crm:api_requests:ahead15m',

  // Facts, always 1, and whether a target has what feeds it here (1 or 0).
  info: 'sloth_slo_info',
  promise: 'slo:promise:info',
  measured: 'slo:measured:bool',
  // Those that are not, with the label `reason`: 1, or 0 while nobody can know yet.
  not_measured: 'slo:not_measured:bool',

  // 0 healthy, 1 degraded, 2 unhealthy, 3 unknown.
  target_health: 'target:health:state',
  component_health: 'component:health:state',
  layer_health: 'layer:health:state',
  system_health: 'system:health:state',

  // The label set of every series of a target.
  labels(target):: {
    target: target.id,
    layer: target.layer,
    sloth_id: 'crm-' + target.id,
    sloth_service: 'crm',
    sloth_slo: target.id,
  },
  window_label(window):: { sloth_window: window },
}
