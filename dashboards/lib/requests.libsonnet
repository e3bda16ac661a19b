// Requests to the application by how long they took, over a range: of all instances as the rules record them, of some by their
// own series.
local series = import '../../alert_rules/lib/request_series.libsonnet';

function(config)
  local raw = 'http_server_request_duration_seconds_bucket';
  local chosen = 'instance=~"$application"';
  // Prometheus looks both sides of an `or` up. Nothing is found of the second while all instances are chosen: `.+` is every
  // job as well, and the name of an instance is none.
  local some = 'job!~"$application"';

  local either(of_all, of_some, selector, range, offset='') =
    local over(what, name, matchers) = '%s(%s{%s}[%s]%s)' % [what, name, std.join(', ', matchers), range, offset];
    over(of_all, series.buckets, [chosen, selector]) + ' or ' + over(of_some, raw, [chosen, some, selector]);

  {
    buckets(selector, range):: 'sum_over_time(%s{%s}[%s])' % [series.buckets, selector, range],
    // Of the instances chosen on the board.
    chosen_buckets(selector, range, offset=''):: either('sum_over_time', 'increase', selector, range, offset),
    // The same for a minute: one step of a graph may hold a sample more than the next.
    chosen_per_minute(selector, range):: either('avg_over_time', '60 * rate', selector, range),
  }
