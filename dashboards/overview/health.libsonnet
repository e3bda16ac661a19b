// One strip: health by layer, alerts, the worst budget, the age of the data; then since when.
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local cells = import '../lib/table_cells.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local colors = panel.colors;

  local health = cells.states.health;
  // Where the rules do not run nothing fires, and nobody can tell.
  local firing(severity) = panel.now('count(ALERTS{alertstate="firing", severity="%s"}) or 0 * count(%s)' % [severity, series.promise], severity);

  [
    panel.stat(
      'Health',
      'The whole CRM and its layers. Healthy: no alert of a target fires and every component responds. Degraded: an alert fires though the last minutes were fine, a slow one fires, the last half hour missed a target, or one of several servers is down. Unhealthy: users are affected now. Unknown: the data needed to judge is missing; an alert says which.',
      'none',
      [panel.now(series.system_health, 'overall'), panel.now(series.layer_health, '{{layer}}')],
      'Health rules have not run yet: did Prometheus start less than two minutes ago?',
    ) + panel.size(8, 5) + panel.plain_stat + panel.decimals(0) + panel.texts(health),

    panel.stat(
      'Alerts by severity',
      'Alerts by severity: critical, users are affected now; high, they will be today; medium, fix during working hours; low, for the digest. Good: 0 critical and 0 high. The list is further down.',
      'none',
      [firing(severity) for severity in ['critical', 'high', 'medium', 'low']],
      'The rules have not run yet: nobody can tell what fires.',
    ) + panel.size(6, 5) + panel.plain_stat + panel.decimals(0)
    + panel.limits([[null, colors.kept], [1, colors.near]])
    + panel.one('critical', { thresholds: cells.steps([[null, colors.kept], [1, colors.hurt]]) })
    + panel.one('high', { thresholds: cells.steps([[null, colors.kept], [1, colors.broken]]) }),

    panel.stat(
      'Lowest error budget',
      'The target with the least error budget left of its 30 days. Good: above 20%. Below 0 the target is missed. The table below shows which others are close.',
      'percentunit',
      [panel.now('bottomk(1, max by (target) (' + series.budget_remaining + ') and on (target) ' + series.measured + ' == 1)', '{{target}}')],
      'No events counted yet (takes ten minutes)',
    ) + panel.size(5, 5) + panel.plain_stat + panel.decimals(0) + panel.limits(slo_targets.budget_steps)
    + { options+: { textMode: 'value_and_name' } }
    + panel.link('All targets', '/d/crm-targets?${__url_time_range}'),

    panel.stat(
      'Oldest data',
      'Age of the data of the exporter or check that is furthest behind. Good: below two minutes. Older: other panels show that part as it was; the monitoring board says which one it is.',
      's',
      [panel.now('max(time() - (pantrywatch_last_success_timestamp_seconds or pantrywatch_check_last_run_timestamp_seconds))')],
      'None of our exporters is scraped',
    ) + panel.size(5, 5) + panel.plain_stat + panel.decimals(0)
    // A check may run each minute; five minutes are what Prometheus itself looks back.
    + panel.limits([[null, colors.kept], [120, colors.near], [300, colors.broken]])
    + panel.to_board('monitoring', 'Can I trust the rest?'),

    panel.states(
      'Health over time',
      'State of each layer and component, and since when. Good: always healthy. Unknown: nobody can tell; a gap: the rules did not run.',
      [
        panel.query(series.system_health, 'overall'),
        panel.query(series.layer_health, 'layer {{layer}}'),
        panel.query(series.component_health, '{{component}}'),
      ],
      'Health rules have not run in the time range shown.',
    ) + panel.size(24, 7) + panel.texts(health),
  ]
