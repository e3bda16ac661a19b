// Health with degradation: 0 healthy, 1 degraded, 2 unhealthy; for each target, each component, each layer, and the whole.
// What is unknown has no value: CrmTargetNoData and CrmMonitoringTargetDown report that.
local record = import 'lib/record.libsonnet';
local series = import 'lib/slo_series.libsonnet';

// All instances down: unhealthy; some: degraded.
local component(name, layer, up) = record(
  series.component_health,
  '(max(' + up + ') == bool 0) + (min(' + up + ') == bool 0)',
  { component: name, layer: layer }
);

function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);

  // The window stays a label here, and tells these series from those of the events below.
  local worse =
    series.error_ratio('30m') + ' > on (target) group_left () ' + series.error_budget
    + ' and on (target) ' + series.sum_bad('1h') + ' > ' + targets.least_bad_events;

  {
    groups: [
      {
        name: 'health.rules',
        interval: time.duration('1m'),
        rules: [
          // Unhealthy: a critical or high alert says that a good part of a month's allowance is going now. Degraded: a
          // slower one fires, or the last half hour was worse than promised (in more events than a chance failure, here
          // and in the last hour: a single one stays above for long where events are few).
          record(
            series.target_health,
            'max by (target, layer) ('
            + '2 * (ALERTS{alertstate="firing", alertname=~".+Burn", severity=~"critical|high"} > bool 0)'
            + ' or (ALERTS{alertstate="firing", alertname=~".+(Burn|BelowTarget|MissedNow)", severity=~"medium|low"} > bool 0)'
            + ' or 1 + 0 * (' + worse + ')'
            + ' or 0 * ' + series.sum_total('30m')
            + ') and on (target) ' + series.measured + ' == 1'
          ),
          component('application', 'backend', 'up{%s}' % config.selectors.application),
          component('database', 'infrastructure', 'pg_up'),
          // The application works without its cache, more slowly: no more than degraded.
          record(
            series.component_health,
            '(min(redis_up) == bool 0)',
            { component: 'cache', layer: 'backend' }
          ),
          record(
            series.layer_health,
            'max by (layer) (%s or %s)' % [series.target_health, series.component_health]
          ),
          record(series.system_health, 'max(%s)' % series.layer_health),
        ],
      },
    ],
  }
