// Alerts over all targets: their labels come from the series.
local annotations = import 'annotations.libsonnet';
local series = import 'slo_series.libsonnet';

{
  // Texts of an alert about a target, by its ID or by the label of its series.
  annotations(texts, runbook, target):: texts + annotations.of(runbook) + { dashboard_url: '/d/crm-slo?var-target=' + target },

  // `slo:measured:bool` (installation.yml) says which targets are fed here; its labels come along.
  measured(time, expr)::
    '(last_over_time(%s[%s]) == 1) * on (target) group_left () (%s)' % [series.measured, time.duration('15m'), expr],

  // `waits`: how long the condition must hold; `fields`: expr, type, summary, description and impact.
  general(name, severity, waits, fields):: {
    alert: name,
    expr: fields.expr,
    'for': waits,
    labels: {
      severity: severity,
      layer: '{{ $labels.layer }}',
      target: '{{ $labels.target }}',
      team: '{{ $labels.team }}',
      type: fields.type,
    },
    annotations: $.annotations(
      { summary: fields.summary, description: fields.description, impact: fields.impact },
      name,
      '{{ $labels.target | urlquery }}'
    ),
  },
}
