// Everything that follows from targets.yaml: SLIs, budgets, burn-rate alerts, and what watches the measuring itself.
function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);
  local errors_source = (import 'lib/errors_source.libsonnet')(
    time, config.selectors, config.alerts.CrmDatabaseLogNotParsed, config.alerts.CrmDatabaseLogMissing
  );
  local vantages = import 'lib/vantages.libsonnet';
  // At each scrape: a log that can no longer be read must not count for longer.
  local sources = [{ name: 'slo.sources', interval: time.duration('15s'), rules: errors_source + [vantages.fails(time)] }];
  { groups: sources + (import 'lib/slo.libsonnet')(targets, time) + (import 'lib/burn.libsonnet')(targets, time, config.alerts) }
