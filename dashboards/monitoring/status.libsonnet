// One strip that is all green when everything else can be believed.
local cells = import '../lib/cells.libsonnet';
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local colours = panel.colours;

local none_good = panel.plain_stat + panel.decimals(0) + panel.limits([[null, colours.kept], [1, colours.broken]]);

[
  panel.stat(
    'Targets down',
    'Scrape targets that did not answer Prometheus last time. Good: 0. An exporter of ours answers even when what it watches is down: look for the exporter itself, or the way to it.',
    'none',
    [panel.now('count(up == 0) or 0 * count(up)')],
    'Prometheus scrapes nothing.',
  ) + none_good,
  panel.stat(
    'Collectors failing',
    'Parts of exporters that failed at their last run. Good: 0. Their metrics are missing, not zero; why is in the table below.',
    'none',
    [panel.now('count(pantrywatch_collector_success == 0) or 0 * count(pantrywatch_collector_success)')],
    'No exporter of ours is scraped.',
  ) + none_good,
  panel.stat(
    'Privileges missing',
    'What the exporters may not see of the servers they watch. Good: 0. `pantrywatch-exporter validate` prints what grants it.',
    'none',
    [panel.now('count(pantrywatch_privilege_granted == 0) or 0 * count(pantrywatch_privilege_granted)')],
    'No database or cache is scraped',
  ) + none_good,
  panel.stat(
    'Rules failing',
    'Evaluations of rules that failed within an hour. Good: 0. Else alerts of that group may not fire: Status > Rules in Prometheus shows the error.',
    'none',
    [panel.now('sum(increase(prometheus_rule_evaluation_failures_total[1h]))')],
    'Prometheus does not scrape itself.',
  ) + none_good,
  panel.stat(
    'Notifications failing',
    'Messages that Alertmanager could not deliver within an hour. Good: 0. Else nobody is told: its log says why.',
    'none',
    [panel.now('sum(increase(alertmanager_notifications_failed_total[1h]))')],
    'No Alertmanager is scraped.',
  ) + none_good,
  panel.stat(
    'Configuration',
    'Whether Prometheus and Alertmanager could read their configuration at the last attempt. Good: in use. Else: they run with the one before.',
    'none',
    [
      panel.now('min(prometheus_config_last_reload_successful)', 'Prometheus'),
      panel.now('min(alertmanager_config_last_reload_successful)', 'Alertmanager'),
    ],
    'Neither of the two is scraped',
  ) + panel.plain_stat + panel.decimals(0)
  + panel.texts({ '0': ['refused', colours.hurt], '1': ['in use', colours.kept] }),

  panel.states(
    'Targets over time',
    'Which scrape target answered, since when. Good: up all along. A gap: Prometheus itself was away.',
    [panel.query('min by (job, instance) (up)', '{{job}} {{instance}}')],
    'Prometheus scraped nothing in the time shown.',
  ) + panel.size(14, 9) + panel.texts(cells.states.up),
  status.firing(['layer="monitoring"'], 10, 9),
]
