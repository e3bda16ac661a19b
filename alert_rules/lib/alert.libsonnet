// One alert, with the labels and annotations every alert carries.
{
  // Layer → the board that shows it (uids are fixed).
  local boards = {
    frontend: 'crm-frontend',
    api: 'crm-api',
    database: 'crm-database',
    cache: 'crm-cache',
    infrastructure: 'crm-infrastructure',
    synthetic: 'crm-synthetic',
    business: 'crm-business',
    monitoring: 'crm-monitoring',
  },

  // severity: critical|high|medium|low|none; `wait`: how long the condition must hold.
  alert(name, severity, layer, component, expr, wait, summary, description, impact):: {
    alert: name,
    expr: expr,
    'for': wait,
    labels: {
      severity: severity,
      layer: layer,
      component: component,
      team: 'platform',
    },
    annotations: {
      summary: summary,
      description: description,
      impact: impact,
      runbook_url: 'docs/runbooks/%s.md' % name,
      dashboard_url: '/d/%s' % boards[layer],
    },
  },
}
