// One alert, with the labels and annotations every alert carries.
{
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
    },
  },
}
