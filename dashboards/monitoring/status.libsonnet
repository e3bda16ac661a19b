// One strip that is all green when everything else can be believed.
function(config)
  local cells = import '../lib/table_cells.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local colors = panel.colors;

  local none_good = panel.plain_stat + panel.decimals(0) + panel.limits([[null, colors.kept], [1, colors.broken]]);

  [
    panel.stat(
      'Targets down',
      'Scrape targets that did not respond to the last scrape. Good: 0. Our own exporters respond even when what they watch is down: check the exporter itself, or the network to it.',
      'none',
      [panel.now('count(up == 0) or 0 * count(up)')],
      'Prometheus scrapes nothing.',
    ) + none_good,
    panel.stat(
      'Failing collectors',
      'Collectors whose last run failed. Good: 0. Their metrics are missing, not zero; the table below says why.',
      'none',
      [panel.now('count(pantrywatch_collector_success == 0) or 0 * count(pantrywatch_collector_success)')],
      'None of our exporters is scraped.',
    ) + none_good,
    panel.stat(
      'Missing privileges',
      'What the exporters are not allowed to read on the servers they watch. Good: 0. `pantrywatch-exporter validate` prints what grants it.',
      'none',
      [panel.now('count(pantrywatch_privilege_granted == 0) or 0 * count(pantrywatch_privilege_granted)')],
      'No database or cache is scraped',
    ) + none_good,
    panel.stat(
      'Failing rules',
      'Rule evaluations that failed within the last hour. Good: 0. Otherwise alerts of that group may not fire: Status > Rules in Prometheus shows the error.',
      'none',
      [panel.now('sum(increase(prometheus_rule_evaluation_failures_total[1h]))')],
      'Prometheus does not scrape itself.',
    ) + none_good,
    panel.stat(
      'Failing notifications',
      'Notifications that Alertmanager could not deliver within the last hour. Good: 0. Otherwise nobody is notified: its log says why.',
      'none',
      [panel.now('sum(increase(alertmanager_notifications_failed_total[1h]))')],
      'No Alertmanager is scraped.',
    ) + none_good,
    panel.stat(
      'Configuration',
      'Whether Prometheus and Alertmanager could load their configuration at the last attempt. Good: loaded. Otherwise they run with the previous one.',
      'none',
      [
        panel.now('min(prometheus_config_last_reload_successful)', 'Prometheus'),
        panel.now('min(alertmanager_config_last_reload_successful)', 'Alertmanager'),
      ],
      'Neither is scraped',
    ) + panel.plain_stat + panel.decimals(0)
    + panel.texts({ '0': ['rejected', colors.hurt], '1': ['loaded', colors.kept] }),

    panel.states(
      'Targets over time',
      'Which scrape targets were up, and since when. Good: always up. A gap: Prometheus itself was down.',
      [panel.query('min by (job, instance) (up)', '{{job}} {{instance}}')],
      'Prometheus scraped nothing in the time range shown.',
    ) + panel.size(14, 9) + panel.texts(cells.states.up),
    status.firing(['layer="monitoring"'], 10, 9),
  ]
