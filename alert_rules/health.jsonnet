// Health: 0 healthy, 1 degraded, 2 unhealthy, 3 unknown; for each target, each component, each layer, and the whole.
// Unknown: what is needed to judge is missing. It is never healthy, and hides nothing worse that is known beside it.
local record = import 'lib/record.libsonnet';
local series = import 'lib/slo_series.libsonnet';


function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local firing(selector) = 'ALERTS{alertstate="firing", %s}' % selector;
  local no_data = 'ALERTS{alertname="CrmTargetNoData"}';

  // The worst of what is known; unknown where something is missing and nothing known is bad. Not max(): 3 is not the worst.
  local worst(by, states) =
    local of(expr) = 'max %s(%s)' % [by, expr];
    '%s > 0 or %s' % [of('(%s) < 3' % states), of(states)];

  // Its servers by `up`, the gauge of the exporters that ask them. One that was down when it was last asked is down; any
  // other that nobody can ask is unknown, and so is the component of which nothing is known any more.
  local known = (import 'lib/known.libsonnet')(time, of_server=true);
  local component(name, layer, up, jobs, state) =
    local asked = '(%s or last_over_time(%s[%s]))' % [up, up, time.duration('1m')];
    record(
      series.component_health,
      '%s > 0 or 3 + 0 * count(up{%s} == 0 unless on (job, instance) %s) or %s or 3 + 0 * max(last_over_time(%s[%s]))'
      % [state, jobs, asked, state, up, time.duration('1d')],
      { component: name, layer: layer }
    );
  // All instances down: unhealthy; some: degraded.
  local instances(up) = '((max(%s) == bool 0) + (min(%s) == bool 0))' % [up, up];

  local targets = (import 'lib/targets.libsonnet')(config.targets, time);

  // The window stays a label here, and tells these series from those of the events below.
  local worse =
    series.error_ratio('30m') + ' > on (target) group_left () ' + series.error_budget
    + ' and on (target) ' + series.sum_bad('1h') + ' > ' + targets.least_bad_events;

  local good_now = series.error_ratio('5m') + ' <= on (target) group_left () ' + series.error_budget;

  // Two bad events are beyond chance where next to none is allowed: the latest, and another one in the last minutes or, at a
  // slow pace, in the last hour. That hour's sum holds an event once it is five minutes old, and a fifth of it each minute
  // before; one event alone, with what increase() adds, stays below 1.25. A single one counts where nothing was good in that
  // hour, as in the first minutes after a start.
  local failing_now =
    '(last_over_time(%s[%s]) > 0.5 and on (target) (%s > 1.5 or %s > 1.25 or %s == 1)) and on (target) %s <= 0.01'
    % [
      series.error_ratio_now,
      time.duration('30m'),
      series.events_bad,
      series.sum_bad('1h'),
      series.error_ratio('1h'),
      series.error_budget,
    ];

  {
    groups: [
      {
        // As soon as the alerts of an outage, so that nothing is called healthy or met next to one. In this order: what is
        // judged by others comes after them.
        name: 'health.rules',
        interval: time.duration('15s'),
        rules: [
          // Unhealthy: a critical or high alert says that a good part of a month's allowance is going, and the last minutes
          // do not say that it is over; its windows remember for half an hour. Degraded: any alert fires, the last half hour
          // was worse than promised (in more events than a chance failure, here and in the last hour: a single one stays
          // above for long where events are few), or a target that should hardly ever fail fails now. Unknown: measured here, but
          // nothing is counted; a capacity target counts nothing.
          record(
            series.target_health,
            'max by (target, layer) ('
            + '2 * (' + firing('alertname=~".+Burn", severity=~"critical|high"') + ' > bool 0 unless on (target) ' + good_now + ')'
            + ' or (' + firing('alertname=~".+(Burn|BelowTarget)|CrmTargetMissedNow"') + ' > bool 0)'
            + ' or 1 + 0 * (' + worse + ')'
            + ' or 1 + 0 * (' + failing_now + ')'
            // What was counted before its source went missing says nothing about now.
            + ' or 0 * ' + series.sum_total('30m') + ' and on (target) ' + series.series_count
            + ' unless on (target) ' + no_data
            + ') and on (target) ' + series.measured + ' == 1'
            + ' or max by (target, layer) (3 * (' + series.measured + ' == 1)) unless on (target) ' + series.capacity
          ),
          // It may answer Prometheus and nobody else: an alert that users' requests fail counts too.
          local application = 'up{%s}' % config.selectors.application;
          local failing = '2 * max(%s)' % firing('component="api", severity="critical", type="error"');
          record(
            series.component_health,
            'clamp_max(%s + (%s or 0 * max(%s)), 2) or 3 + 0 * max(last_over_time(%s[%s]))'
            % [instances(application), failing, application, application, time.duration('1d')],
            { component: 'application', layer: 'backend' }
          ),
          component('database', 'infrastructure', 'pg_up', config.selectors.database, instances(known.gauge('pg_up'))),
          // The application works without its cache, more slowly: no more than degraded.
          component('cache', 'backend', 'redis_up', config.selectors.cache, '(min(%s) == bool 0)' % known.gauge('redis_up')),
          // Nothing is judged before the rules have said what is measured: components alone would be healthy too early.
          record(
            series.layer_health,
            '(' + worst('by (layer) ', series.target_health + ' or ' + series.component_health) + ')'
            + ' and on () count(' + series.measured + ')'
          ),
          record(series.system_health, worst('', series.layer_health)),
        ],
      },
    ],
  }
