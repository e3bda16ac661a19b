// Limits of the alerts over all targets, and of those of each target. Their numbers are in targets.yaml (`_config.targets`).
local targets = (import '../lib/targets.libsonnet')();

{
  // Longer than a restart of an exporter or of the application: three windows of five minutes.
  CrmTargetNoData: { 'for': '15m' },

  // Quiet quarters of an hour are normal in a CRM; an hour is worth a line in the digest. Raise it where nobody works at
  // night and the digest should not say so.
  CrmTargetNoTraffic: { 'for': '1h' },

  // Two evaluations after the first, half a minute apart: one window alone may be chance. `keep_firing_for`: a value that
  // hovers at the limit is one alert.
  CrmTargetMissedNow: { 'for': '1m', keep_firing_for: '10m' },

  // `history_days`: with less data than that the allowance of 30 days, which follows the average traffic, is a guess. Raise
  // it to 7 where traffic differs much from day to day.
  CrmTargetBudgetExhausted: { history_days: 1, 'for': '15m' },

  // `tolerance` and one event: counters that start again are extrapolated differently.
  CrmTargetRatioImpossible: { tolerance: 0.05, 'for': '15m' },
} + {
  // Of a capacity target. Two evaluations: a run's result stays until the next run.
  [target.runbook]: { 'for': '2m' }
  for target in targets.targets
  if target.kind == 'capacity'
} + {
  // Burn-rate alerts take their numbers from the tiers of targets.yaml; a `for` here is for all tiers.
  [target.runbook]: {}
  for target in targets.targets
  if target.kind != 'capacity'
}
