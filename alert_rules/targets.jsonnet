// Everything that follows from targets.yaml: SLIs, budgets, burn-rate alerts, and what watches the measuring itself.
function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);
  { groups: (import 'lib/slo.libsonnet')(targets, time) + (import 'lib/burn.libsonnet')(targets, time, config.alerts) }
