// What users' browsers report, narrowed as the board is. Field data are few: the last 15 minutes unless said otherwise.
local narrowed = 'source="field", route=~"$route", device=~"$device", connection=~"$connection"';
local selector(navigation) = narrowed + (if navigation == '' then '' else ', navigation="%s"' % navigation);
local sums(of, by, range, navigation) =
  '%s (increase(%s{%s}[%s]))' % [if by == '' then 'sum' else 'sum by (%s)' % by, of, selector(navigation), range];

{
  silent:: 'No beacon: the agent is not on the pages yet (docs/frontend.md), nobody is at work, or beacons are dropped, see below.',

  // Nothing, rather than NaN, where there was none.
  quantile(q, metric, by='', range='15m', navigation='hard')::
    'histogram_quantile(%g, %s) >= 0' % [q, sums(metric + '_bucket', std.join(', ', std.prune(['le', if by != '' then by])), range, navigation)],
  count(metric, by='', range='15m', navigation='hard')::
    (if by == '' then 'sum' else 'sum by (%s) ' % by) + '(increase(%s_count{%s}[%s]))' % [metric, selector(navigation), range],
  // The share that was at most at an edge, in the last hour.
  within(metric, edge)::
    'sum(rate(%s_bucket{%s, le=~"%s"}[1h])) / (sum(rate(%s_count{%s}[1h])) > 0)' % [metric, narrowed, edge, metric, narrowed],
}
