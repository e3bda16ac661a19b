// One strip: health by layer, alerts, the worst budget, the age of the data; then since when.
local cells = import '../lib/cells.libsonnet';
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local colours = panel.colours;

local health = cells.states.health;
local firing(severity) = panel.now('count(ALERTS{alertstate="firing", severity="%s"}) or vector(0)' % severity, severity);

[
  panel.stat(
    'Health',
    'The whole CRM and its layers. Healthy: no alert of a promise fires and everything answers. Degraded: a slow alert fires, the last half hour was worse than promised, or one of several servers is down. Unhealthy: users are hurt now. A layer of which nothing is known is not here.',
    'none',
    [panel.now('system:health:state', 'all of it'), panel.now('layer:health:state', '{{layer}}')],
    'No rule of health has run yet: is Prometheus younger than two minutes?',
  ) + panel.size(8, 5) + panel.plain_stat + panel.decimals(0) + panel.texts(health),

  panel.stat(
    'Alerts firing',
    'Alerts by severity: critical, users are hurt now; high, they will be today; medium, to be mended in working hours; low, for the digest. Good: 0 critical and 0 high. The list is further down.',
    'none',
    [firing(severity) for severity in ['critical', 'high', 'medium', 'low']],
    'Prometheus answers no query about its alerts.',
  ) + panel.size(6, 5) + panel.plain_stat + panel.decimals(0)
  + panel.limits([[null, colours.kept], [1, colours.near]])
  + panel.one('critical', { thresholds: cells.steps([[null, colours.kept], [1, colours.hurt]]) })
  + panel.one('high', { thresholds: cells.steps([[null, colours.kept], [1, colours.broken]]) }),

  panel.stat(
    'Worst budget left',
    'The promise of which least is left of what 30 days allow, and how much. Good: above 20 %. Below 0 the promise of 30 days is broken. The table below says which others are near.',
    'percentunit',
    [panel.now('bottomk(1, max by (target) (slo:period_error_budget_remaining:ratio) and on (target) slo:measured:bool == 1)', '{{target}}')],
    'No event counted yet (takes ten minutes)',
  ) + panel.size(5, 5) + panel.plain_stat + panel.decimals(0) + panel.limits(promise.budget_steps)
  + { options+: { textMode: 'value_and_name' } }
  + panel.link('Every promise', '/d/crm-targets?${__url_time_range}'),

  panel.stat(
    'Oldest data',
    'How long ago the exporter or check that is furthest behind last saw what it watches. Good: below two minutes. Older: what the other panels show of that part is the past; the monitoring board says which it is.',
    's',
    [panel.now('max(time() - (pantrywatch_last_success_timestamp_seconds or pantrywatch_check_last_run_timestamp_seconds))')],
    'No exporter of ours is scraped',
  ) + panel.size(5, 5) + panel.plain_stat + panel.decimals(0)
  // A check may run each minute; five minutes are what Prometheus itself looks back.
  + panel.limits([[null, colours.kept], [120, colours.near], [300, colours.broken]])
  + panel.to_board('monitoring', 'Can I trust the rest?'),

  panel.states(
    'Health over time',
    'Since when a layer or a component is how it is. Good: healthy all along. A gap: nothing was known then.',
    [
      panel.query('system:health:state', 'all of it'),
      panel.query('layer:health:state', 'layer {{layer}}'),
      panel.query('component:health:state', '{{component}}'),
    ],
    'No rule of health has run in the time shown.',
  ) + panel.size(24, 7) + panel.texts(health),
]
