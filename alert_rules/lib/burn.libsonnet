// targets.yaml → alerts: a burn-rate alert for every tier of every target that can fire, and what watches all targets.
local numbers = import 'numbers.libsonnet';
local series = import 'slo_series.libsonnet';
local target_alert = import 'target_alert.libsonnet';
local decimal = numbers.decimal;
local annotations = target_alert.annotations;

// What kind of alert it is, for routing: good events counted by their speed, or as hits of a cache, are performance.
local type_of(target) =
  if target.layer == 'business' then 'business'
  else if std.member(['latency', 'capacity'], target.kind) || 'good' in target.sli then 'performance'
  else 'error';

// A tier whose share of bad events would have to reach 1 cannot fire: it is left out (docs/targets.md says so).
local can_fire(tier, target) = tier.factor * (1 - target.objective) < 1 - 1e-9;

local budget_left(target) =
  '{{ with query "100 * ' + series.budget_remaining + "{target='" + target.id + '\'}" }}'
  + '{{ . | first | value | printf "%.0f" }}%{{ else }}unknown{{ end }}';


// What bad events are counted by, where that differs by server.
local counted_by(target) =
  if !('bad_in_log' in target.sli) then ''
  else 'Counted by {{ with query "' + series.errors_source + '" }}{{ range . }}{{ .Labels.instance }}: {{ .Labels.source }}; {{ end }}'
       + '{{ else }}rollbacks. {{ end }}';

// `targets`: targets.libsonnet; `time`: time.libsonnet; `alerts`: alert name → limits, see config/targets.libsonnet.
function(targets, time, alerts)
  local wait(name, usual='') = if 'for' in alerts[name] then alerts[name]['for'] else usual;

  // How long the last window with events, or the last value recorded, stands for what is missing since.
  local lookback(window) = time.duration(if time.seconds(window) < time.seconds('30m') then '30m' else window),
        recent = '[' + time.duration('15m') + ']',
        last(expr) = 'last_over_time(' + expr + recent + ')';

  local measured(expr) = target_alert.measured(time, expr);

  local sigmas = targets.minimum_sigmas;
  // The arguments are evaluated once, the fields of an object each time they are read: that keeps the build fast.
  local burn_of(target, allowed, variance, allowed_percent, minimum, left) = function(tier) {
    local of(name) = name + '{target="' + target.id + '"}',
    local waits = wait(target.runbook, tier.wait),
    // Of the time when the wait began.
    local last(expr) = 'last_over_time(' + expr + recent + ' offset ' + time.duration(waits) + ')',
    local bad = last(of(series.sum_bad(tier.long))),
    local total = last(of(series.sum_total(tier.long))),

    alert: target.runbook,
    // Short window: it is happening now. Long window: it has cost a good part of what 30 days allow, in events rather
    // than as a share, so that few requests at night weigh little. The minimum, and what chance explains of the events there
    // were: a burst of failures on a quiet day is not an outage. A short window without events says nothing: the last one
    // that had some counts, for half an hour at least.
    // Its windows remember what is over: it begins only while the latest events are bad. So it waits in the expression: a
    // `for` would begin again with each moment in which chance lets every event be good. Nor does it begin in planned maintenance.
    expr: 'max by (target, layer) (min_over_time(%(ratio)s[%(held)s]) or last_over_time(%(ratio)s[%(last)s])) > '
          % { ratio: of(series.error_ratio(tier.short)), held: time.held(waits), last: lookback(tier.short) }
          + decimal(tier.factor) + ' * ' + allowed
          + ' and on (target) ' + bad + ' > ' + decimal(tier.budget_share) + ' * ' + last(of(series.error_budget_events))
          + ' and on (target) ' + bad + ' > ' + minimum
          + ' and on (target) ' + bad + ' > ' + allowed + ' * ' + total + ' + ' + decimal(targets.skew(sigmas))
          + ' + ' + decimal(sigmas) + ' * sqrt(' + decimal(variance) + ' * ' + total + ')'
          + ' unless on (target) ((last_over_time(' + of(series.error_ratio_now) + '[' + lookback('5m') + ']) <= ' + allowed
          + ' or on (target) ' + series.is_excluded('{target="' + target.id + '"}', time.duration('5m')) + ')'
          + ' unless on (target) max_over_time(ALERTS{alertname="%s", target="%s", severity="%s", alertstate="firing"}%s))'
            % [target.runbook, target.id, tier.severity, recent],
    'for': '0s',
    labels: { severity: tier.severity, layer: target.layer, target: target.id, team: target.team, type: type_of(target) },
    annotations: annotations({
      summary: target.title + ': {{ $value | humanizePercentage }} of ' + target.events + ' are bad ('
               + allowed_percent + '% allowed).',
      description: 'Target: "' + target.statement + '". ' + counted_by(target) + 'At least '
                   + decimal(100 * tier.budget_share) + '% of the 30-day error budget was used in the '
                   + time.last(tier.long) + ', and the ' + time.last(tier.short)
                   + ' were just as bad. Budget left: ' + left
                   + '. Check the board for the part that fails, then follow the runbook.'
                   + (if target.basis == 'estimate' then ' This is an estimate: ' + target.limits else ''),
      impact: target.impact,
    }, target.runbook, target.id),
  };

  local burns(target, is_meant) = std.map(
    burn_of(
      target,
      targets.allowed(target),
      numbers.round(1e9 * target.objective * (1 - target.objective)) / 1e9,
      decimal(100 * (1 - target.objective)),
      targets.least_bad_events,
      budget_left(target)
    ),
    [tier for tier in targets.tiers if can_fire(tier, target) && is_meant(tier)]
  );

  local is_page(tier) = std.member(['critical', 'high'], tier.severity);
  // An estimate wakes nobody: its alerts are medium at most, and say what they are.
  local is_estimated(target) = target.basis == 'estimate';
  local estimated = [target.id for target in targets.targets if is_estimated(target)];
  local burning(is_meant) = std.flatMap(
    function(target) burns(target, function(tier) is_meant(tier) && !(is_estimated(target) && is_page(tier))),
    [target for target in targets.targets if target.kind != 'capacity']
  );

  local general(name, severity, fields) = target_alert.general(name, severity, time.duration(wait(name)), fields);
  // The literal reading of a promise: told apart from, and long before, what the month's budget says.
  local said_estimate =
    if estimated == [] then '' else '{{ if eq $labels.basis "estimate" }} The number is an estimate (docs/targets.md).{{ end }}';
  // As burn rates: it waits in the expression, and begins only while the latest events are bad.
  local missed_now(severity, of) = target_alert.general('CrmTargetMissedNow', severity, '0s', {
    type: 'performance',
    local waits = wait('CrmTargetMissedNow'),
    local held(function_name) = '%s(%s[%s])' % [function_name, series.excess, time.held(waits)],
    // Long windows find what few events show slowly; the last five minutes that had events must be bad too.
    expr: measured(
      'max by (target) (last_over_time(%s%s[%s]))' % [series.error_ratio('5m'), of, lookback('5m')]
      + ' > on (target) ' + last(series.error_budget)
      + ' and on (target) (' + held('min_over_time') + ' > ' + decimal(targets.literal.sigmas)
      + ' and ' + held('count_over_time') + ' > ' + decimal(time.seconds(waits) / 60) + ')'
      // Ten minutes are its longest window with events of planned maintenance in it.
      + ' unless on (target) ' + series.is_excluded('', time.duration('10m'))
      + ' unless on (target) (last_over_time(%s[%s]) <= on (target) %s' % [series.error_ratio_now, lookback('5m'), last(series.error_budget)]
      + ' unless on (target) max_over_time(ALERTS{alertname="CrmTargetMissedNow", severity="%s", alertstate="firing"}%s))'
        % [severity, recent]
    ),
    summary: 'Target {{ $labels.target }} is missed now: {{ $value | humanizePercentage }} of its events are bad ('
             + '{{ with query (printf "100 * ' + series.error_budget + '{target=%q}" $labels.target) }}'
             + '{{ . | first | value | printf "%.4g" }}{{ end }}% allowed).',
    description: 'In the last minutes more events were bad than the target allows, by a margin and beyond what chance explains. This is the promise as it is written, whatever is left of the month: budget alerts follow if it goes on.' + said_estimate,
    impact: 'What was promised to users is not kept right now.',
  }) + (
    if 'keep_firing_for' in alerts.CrmTargetMissedNow
    then { keep_firing_for: time.duration(alerts.CrmTargetMissedNow.keep_firing_for) } else {}
  );
  local paged = std.join('|', [
    target.id
    for target in targets.targets
    if 'page' in target && target.page == 'literal' && !is_estimated(target)
  ]);
  local literal_alerts =
    if paged == '' then [missed_now('medium', '')]
    else [missed_now('high', '{target=~"%s"}' % paged), missed_now('medium', '{target!~"%s"}' % paged)];

  local no_data(severity, of) = general('CrmTargetNoData', severity, {
    type: 'error',
    // A target is known when both its counts are: a missing bucket leaves the total without the bad events.
    expr: last(series.measured + of) + ' == 1 unless on (target) (' + series.events_total + ' and ' + series.events_bad
          + ') unless on (target) ' + series.capacity,
    summary: 'Target {{ $labels.target }} has no data.',
    description: 'The metrics that count this target have been missing for ' + time.words(alerts.CrmTargetNoData['for']) + ', although this installation is configured to provide them ({{ $labels.requires }}).',
    impact: 'Whether the target is met is unknown, and its alerts cannot fire.',
  });
  local ids = std.join('|', estimated);
  local no_data_alerts =
    if estimated == [] then [no_data('high', '')]
    else [no_data('high', '{target!~"%s"}' % ids), no_data('medium', '{target=~"%s"}' % ids)];

  local waited(name) = time.words(alerts[name]['for']);

  [
    {
      // At each scrape: it may begin until a scrape has found that the cause is over.
      name: 'slo.burn.pages',
      interval: time.duration('15s'),
      rules: burning(is_page),
    },
    {
      name: 'slo.burn.alerts',
      interval: time.duration('1m'),
      rules: burning(function(tier) !is_page(tier)),
    },
    {
      // Twice a minute: ten minutes after the promise is broken are soon over.
      name: 'slo.promise.alerts',
      interval: time.duration('30s'),
      rules: literal_alerts,
    },
    {
      name: 'slo.targets.alerts',
      interval: time.duration('1m'),
      rules: no_data_alerts + [
        general('CrmTargetNoTraffic', 'low', {
          type: 'error',
          expr: measured(last(series.events_total) + ' == 0') + ' == 0',
          summary: 'Target {{ $labels.target }} has had no events for ' + waited('CrmTargetNoTraffic') + '.',
          description: 'The metrics exist but count nothing: nobody uses this part, or requests no longer reach it. Nothing is counted as good.',
          impact: 'None at night. By day users may be cut off in front of the application.',
        }),
        general('CrmTargetBudgetExhausted', 'low', {
          type: 'performance',
          expr: measured(
            last(series.budget_remaining) + ' < 0 and on (target) ' + series.history_days + ' >= '
            + decimal(alerts.CrmTargetBudgetExhausted.history_days)
          ) + ' < 0',
          summary: 'Target {{ $labels.target }} has used up its error budget of 30 days.',
          description: 'Error budget left: {{ $value | humanizePercentage }}. The target stays missed until bad events leave the 30 days, even while no other alert fires.' + said_estimate,
          impact: 'We are breaking what we promised our users. Put reliability work ahead of new features.',
        }),
        general('CrmTargetRatioImpossible', 'medium', {
          type: 'error',
          local tolerance = alerts.CrmTargetRatioImpossible.tolerance,
          expr: measured(
            last(series.events_bad) + ' > ' + decimal(1 + tolerance) + ' * ' + last(series.events_total) + ' + 1 or '
            + last(series.events_bad) + ' < ' + decimal(-tolerance) + ' * ' + last(series.events_total) + ' - 1'
          ),
          summary: 'Target {{ $labels.target }} counts more bad events than events, or fewer than none.',
          description: '{{ $value | humanize }} bad events in 5 minutes are impossible. The metrics that count it do not belong together.',
          impact: 'Every figure of this target is wrong, and so are its alerts.',
        }),
      ] + [
        {
          alert: target.runbook,
          expr: measured(last(series.capacity + '{target="%s"}' % target.id) + ' < 1') + ' < 1',
          'for': time.duration(wait(target.runbook)),
          labels: { severity: 'medium', layer: target.layer, target: target.id, team: target.team, type: type_of(target) },
          annotations: annotations({
            summary: '' + target.title + ': the last capacity run reached {{ $value | humanizePercentage }} of the target.',
            description: 'Target: "' + target.statement + '". One server could not sustain that within the latency and error targets.',
            impact: target.impact,
          }, target.runbook, target.id),
        }
        for target in targets.targets
        if target.kind == 'capacity'
      ],
    },
  ]
