// targets.yaml → alerts: a burn-rate alert for every tier of every target that can fire, and what watches all targets.
local lib = import 'target.libsonnet';

local annotations(texts, runbook, target) = texts + (import 'annotations.libsonnet').of(runbook) + {
  dashboard_url: '/d/crm-slo?var-target=' + target,
};

// What kind of alert it is, for routing: good events counted by their speed, or as hits of a cache, are performance.
local type_of(target) =
  if target.layer == 'business' then 'business'
  else if std.member(['latency', 'capacity'], target.kind) || 'good' in target.sli then 'performance'
  else 'error';

// A tier whose share of bad events would have to reach 1 cannot fire: it is left out (docs/targets.md says so).
local can_fire(tier, target) = tier.factor * (1 - target.objective) < 1 - 1e-9;

local budget_left(target) =
  '{{ with query "100 * slo:period_error_budget_remaining:ratio{target=\'' + target.id + '\'}" }}'
  + '{{ . | first | value | printf "%.0f" }} %{{ else }}unknown{{ end }}';

// The arguments are evaluated once, the fields of an object each time they are read: that keeps the build fast.
local burn_of(target, allowed, allowed_percent, minimum, left) = function(tier) {
  local of(series) = series + '{target="' + target.id + '"}',
  local bad = of('slo:events_bad:sum' + tier.long),

  alert: target.runbook,
  // Short window: it is happening now. Long window: it has cost a good part of what 30 days allow, in events rather
  // than as a share, so that few requests at night weigh little. The minimum: more than a chance failure.
  expr: 'max by (target, layer) (' + of('slo:sli_error:ratio_rate' + tier.short) + ') > '
        + lib.decimal(tier.factor) + ' * ' + allowed
        + ' and on (target) ' + bad + ' > ' + lib.decimal(tier.budget_share) + ' * ' + of('slo:error_budget:events30d')
        + ' and on (target) ' + bad + ' > ' + minimum,
  'for': tier.wait,
  labels: { severity: tier.severity, layer: target.layer, target: target.id, team: target.team, type: type_of(target) },
  annotations: annotations({
    summary: target.title + ': {{ $value | humanizePercentage }} of ' + target.events + ' are bad, '
             + allowed_percent + ' % are allowed.',
    description: 'Promised: "' + target.statement + '". Within the last ' + tier.long + ' at least '
                 + lib.decimal(100 * tier.budget_share) + ' % of what 30 days allow was used up, and the last '
                 + tier.short + ' are no better. Left of the 30 days: ' + left
                 + '. See which part fails on the board, then follow the runbook.',
    impact: target.impact,
  }, target.runbook, target.id),
};

local burns(document, target) = std.map(
  burn_of(
    target,
    lib.allowed(target),
    lib.decimal(100 * (1 - target.objective)),
    // Half an event less: increase() gives fractions.
    lib.decimal(document.minimum_bad_events - 0.5),
    budget_left(target)
  ),
  [tier for tier in document.tiers if can_fire(tier, target)]
);

// An alert over all targets: labels come from the series.
local general(name, severity, type, expr, wait, summary, description, impact) = {
  alert: name,
  expr: expr,
  'for': wait,
  labels: {
    severity: severity,
    layer: '{{ $labels.layer }}',
    target: '{{ $labels.target }}',
    team: '{{ $labels.team }}',
    type: type,
  },
  annotations: annotations(
    { summary: summary, description: description, impact: impact }, name, '{{ $labels.target }}'
  ),
};

// `slo:measured:bool` (installation.yml) says which targets are fed here; its labels come along.
local measured(series) = '(slo:measured:bool == 1) * on (target) group_left () (' + series + ')';

{
  groups(document)::
    [
      {
        name: 'slo.burn.alerts',
        interval: '1m',
        rules: std.flatMap(
          function(target) burns(document, target),
          [target for target in document.targets if target.kind != 'capacity']
        ),
      },
      {
        name: 'slo.targets.alerts',
        interval: '1m',
        rules: [
          general(
            'CrmTargetNoData',
            'high',
            'error',
            // A target is known when both its counts are: a missing bucket leaves the total without the bad events.
            'slo:measured:bool == 1 unless on (target) (slo:events_total:increase5m and slo:events_bad:increase5m) unless on (target) slo:capacity:ratio',
            // Three windows of five minutes: longer than a restart of an exporter or of the application.
            '15m',
            'Target {{ $labels.target }} is not measured.',
            'For 15 minutes the metrics that count this target have been missing, although this installation says that it has what feeds them ({{ $labels.requires }}).',
            'Whether the promise is kept is unknown, and its alerts cannot fire.',
          ),
          general(
            'CrmTargetNoTraffic',
            'low',
            'error',
            measured('slo:events_total:increase5m == 0') + ' == 0',
            // Quiet quarters of an hour are normal in a CRM; an hour is worth a line in the digest.
            '1h',
            'Target {{ $labels.target }} has had no events for an hour.',
            'The metrics are there, but they count nothing: nobody uses this part, or requests no longer reach it. Nothing is counted as good.',
            'None at night. By day users may be cut off in front of the application.',
          ),
          general(
            'CrmTargetBudgetExhausted',
            'low',
            'performance',
            measured('slo:period_error_budget_remaining:ratio < 0') + ' < 0',
            '15m',
            'Target {{ $labels.target }} was missed over the last 30 days.',
            'Left of what 30 days allow: {{ $value | humanizePercentage }}. The promise is broken until bad events leave the 30 days; no single alert need be firing.',
            'The promise to users is broken. Prefer repairs and caution to new features.',
          ),
          general(
            'CrmTargetRatioImpossible',
            'medium',
            'error',
            // One event and 5 %: counters that start anew are extrapolated differently.
            measured(
              'slo:events_bad:increase5m > 1.05 * slo:events_total:increase5m + 1 or slo:events_bad:increase5m < -0.05 * slo:events_total:increase5m - 1'
            ),
            '15m',
            'Target {{ $labels.target }} counts more bad events than events, or fewer than none.',
            '{{ $value | humanize }} bad events in 5 minutes cannot be. The metrics that count it do not belong together.',
            'Every number of this target is wrong, and its alerts with them.',
          ),
        ] + [
          {
            alert: target.runbook,
            expr: measured('slo:capacity:ratio{target="%s"} < 1' % target.id) + ' < 1',
            // Two evaluations: a run's result stays until the next run.
            'for': '2m',
            labels: { severity: 'medium', layer: target.layer, target: target.id, team: target.team, type: type_of(target) },
            annotations: annotations({
              summary: '%s: the last capacity run held {{ $value | humanizePercentage }} of what is promised.' % target.title,
              description: 'Promised: "%s". One server did not hold that within the targets of latency and errors.' % target.statement,
              impact: target.impact,
            }, target.runbook, target.id),
          }
          for target in document.targets
          if target.kind == 'capacity'
        ],
      },
    ],
}
