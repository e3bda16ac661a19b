// Health with degradation: 0 healthy, 1 degraded, 2 unhealthy; for each target, each component, each layer, and the whole.
// What nothing is known of has no value: CrmTargetNoData and CrmMonitoringTargetDown speak then.
local lib = import 'lib/target.libsonnet';
local document = std.parseYaml(importstr '../targets.yaml');

// The window stays a label here, and tells these series from those of the events below.
local worse =
  'slo:sli_error:ratio_rate30m > on (target) group_left () slo:error_budget:ratio'
  + ' and on (target) slo:events_bad:sum1h > ' + lib.decimal(document.minimum_bad_events - 0.5);

local record(name, expr, labels={}) = { record: name, expr: expr } + (if labels == {} then {} else { labels: labels });

// All instances down: unhealthy; some: degraded.
local component(name, layer, up) = record(
  'component:health:state',
  '(max(' + up + ') == bool 0) + (min(' + up + ') == bool 0)',
  { component: name, layer: layer }
);

{
  groups: [
    {
      name: 'health.rules',
      interval: '1m',
      rules: [
        // Unhealthy: a critical or high alert says that a good part of a month's allowance is going now. Degraded: a
        // slower one fires, or the last half hour was worse than promised (in more events than a chance failure, here
        // and in the last hour: a single one stays above for long where events are few).
        record(
          'target:health:state',
          'max by (target, layer) ('
          + '2 * (ALERTS{alertstate="firing", alertname=~".+Burn", severity=~"critical|high"} > bool 0)'
          + ' or (ALERTS{alertstate="firing", alertname=~".+(Burn|BelowTarget)", severity=~"medium|low"} > bool 0)'
          + ' or 1 + 0 * (' + worse + ')'
          + ' or 0 * slo:events_total:sum30m'
          + ') and on (target) slo:measured:bool == 1'
        ),
        component('application', 'backend', 'up{job="application"}'),
        component('database', 'infrastructure', 'pg_up'),
        // The application goes on without its cache, more slowly: no more than degraded.
        record(
          'component:health:state',
          '(min(redis_up) == bool 0)',
          { component: 'cache', layer: 'backend' }
        ),
        record(
          'layer:health:state',
          'max by (layer) (target:health:state or component:health:state)'
        ),
        record('system:health:state', 'max(layer:health:state)'),
      ],
    },
  ],
}
