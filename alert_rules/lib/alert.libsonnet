// One alert, with the labels and annotations every alert carries.
local annotations = import 'annotations.libsonnet';

{
  // Component → the layer it belongs to, the board that shows it (uids are fixed), the team that owns it.
  local components = {
    api: { layer: 'backend', board: 'crm-api', team: 'backend' },
    cache: { layer: 'backend', board: 'crm-cache', team: 'backend' },
    database: { layer: 'infrastructure', board: 'crm-database', team: 'platform' },
    host: { layer: 'infrastructure', board: 'crm-infrastructure', team: 'platform' },
    check: { layer: 'monitoring', board: 'crm-synthetic', team: 'platform' },
    certificate: { layer: 'infrastructure', board: 'crm-synthetic', team: 'platform' },
    collector: { layer: 'monitoring', board: 'crm-monitoring', team: 'platform' },
    scrape: { layer: 'monitoring', board: 'crm-monitoring', team: 'platform' },
    prometheus: { layer: 'monitoring', board: 'crm-monitoring', team: 'platform' },
    alertmanager: { layer: 'monitoring', board: 'crm-monitoring', team: 'platform' },
  },

  // severity: critical|high|medium|low|none; component: one of those above; `wait`: how long the condition must hold.
  alert(name, severity, component, expr, wait, summary, description, impact, type='performance'):: {
    alert: name,
    expr: expr,
    'for': wait,
    labels: {
      severity: severity,
      layer: components[component].layer,
      component: component,
      team: components[component].team,
      type: type,
    },
    annotations: annotations.of(name) {
      summary: summary,
      description: description,
      impact: impact,
      dashboard_url: '/d/' + components[component].board,
    },
  },
}
