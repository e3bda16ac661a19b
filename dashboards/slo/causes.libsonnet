// Which label contributes most bad events. Each target has a query of its own: `which` lets through that of the target
// chosen. Those fed by browsers get theirs with the browsers.
function(config)
  local once = import '../lib/once.libsonnet';
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);

  local increase(selector) = 'increase(%s[$__range])' % selector;
  local suffixed(selector, suffix, matcher='') =
    local parts = std.splitLimit(selector, '{', 1);
    local inner = if std.length(parts) > 1 then std.rstripChars(parts[1], '}') else '';
    '%s%s{%s}' % [parts[0], suffix, std.join(', ', [each for each in [inner, matcher] if each != ''])];

  local title(id) = std.escapeStringJson(slo_targets.of(id).title);

  // Bad events of a target by a label, under the name `cause`.
  local by(id, label, cause) =
    local target = slo_targets.of(id);
    local sum(selector) =
      if std.startsWith(selector, 'pg_') then once(label, increase(selector))
      else 'sum by (%s) (%s)' % [label, increase(selector)];
    local bad =
      if target.kind == 'latency' then
        sum(suffixed(target.sli.histogram, '_count')) + ' - '
        + sum(suffixed(target.sli.histogram, '_bucket', 'le=~"%s"' % slo_targets.edge(id)))
      else std.join(' or ', [sum(selector) for selector in target.sli.bad]);
    'label_replace((%s) and on () %s{target="$target", title=%s}, "cause", "%s $1", "%s", "(.+)")'
    % [bad, series.promise, title(id), cause, label];

  local causes = std.join('\nor ', [
    by('api-latency', 'http_route', 'route'),
    by('api-error-rate', 'http_route', 'route'),
    by('db-query-latency', 'db_operation_name', 'statement'),
    by('db-error-rate', 'datname', 'database'),
    by('api-availability', 'check', 'check'),
    by('db-availability', 'check', 'check'),
    by('frontend-availability', 'check', 'check'),
    by('system-availability', 'check', 'check'),
    'label_replace((sum by (service_peer_name) (%s)) and on () %s{target="$target", title=%s}, "cause", "service $1", "service_peer_name", "(.+)")'
    % [increase(slo_targets.of('integration-error-rate').sli.bad[0]), series.promise, title('integration-error-rate')],
    'label_replace((%s) and on () %s{target="$target", title=%s}, "cause", "misses of $1", "instance", "(.+)")'
    % [once('instance', increase(slo_targets.of('cache-hit-ratio').sli.total[1])), series.promise, title('cache-hit-ratio')],
  ]);

  [
    panel.table(
      'Top sources of bad events',
      'Bad events in the time range shown, by route, statement, database, check, service or cache, whichever the target can tell apart; the ten worst. Good: none, or none that stands out.',
      'short',
      [panel.rows('topk(10, sum by (cause) (%s) > 0)' % causes)],
      'No bad events in the time range shown, or the target cannot be broken down (front end: see its board).',
      [
        ['cause', 'Cause', { 'custom.minWidth': 240 }],
        ['Value', 'Bad events', { decimals: 0, 'custom.width': 140 }],
      ],
      'Bad events',
    ) + panel.size(24, 8),
  ]
