// Health with degradation: 0 healthy, 1 degraded, 2 unhealthy; for each target, each component, each layer, and the whole.
// Unknown is not healthy: a target without data has no value, and its layer is degraded; so is a server that nobody can ask
// any more.
local record = import 'lib/record.libsonnet';
local series = import 'lib/slo_series.libsonnet';


function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local firing(selector) = 'ALERTS{alertstate="firing", %s}' % selector;
  local no_data = 'ALERTS{alertname="CrmTargetNoData"}';

  // `state` while somebody can ask; degraded while nobody can, but somebody could in the last day.
  local component(name, layer, up, state) = record(
    series.component_health,
    '%s or 1 + 0 * max(last_over_time(%s[%s]))' % [state, up, time.duration('1d')],
    { component: name, layer: layer }
  );
  // All instances down: unhealthy; some: degraded.
  local instances(up) = '((max(%s) == bool 0) + (min(%s) == bool 0))' % [up, up];

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
            + '2 * (' + firing('alertname=~".+Burn", severity=~"critical|high"') + ' > bool 0)'
            + ' or (' + firing('alertname=~".+(Burn|BelowTarget)", severity=~"medium|low"') + ' > bool 0)'
            // Pending too: a minute of it is beyond chance.
            + ' or (ALERTS{alertname="CrmTargetMissedNow"} > bool 0)'
            + ' or 1 + 0 * (' + worse + ')'
            + ' or 0 * ' + series.sum_total('30m') + ' unless on (target) ' + no_data
            + ') and on (target) ' + series.measured + ' == 1'
          ),
          // It may answer Prometheus and nobody else: an alert that users' requests fail counts too.
          local application = 'up{%s}' % config.selectors.application;
          local failing = '2 * max(%s)' % firing('component="api", severity="critical", type="error"');
          component(
            'application',
            'backend',
            application,
            'clamp_max(%s + (%s or 0 * max(%s)), 2)' % [instances(application), failing, application]
          ),
          component('database', 'infrastructure', 'pg_up', instances('pg_up')),
          // The application works without its cache, more slowly: no more than degraded.
          component('cache', 'backend', 'redis_up', '(min(redis_up) == bool 0)'),
          record(
            series.layer_health,
            'max by (layer) (%s or %s or %s)'
            % [series.target_health, series.component_health, firing('alertname="CrmTargetNoData"')]
          ),
          record(series.system_health, 'max(%s)' % series.layer_health),
        ],
      },
    ],
  }
