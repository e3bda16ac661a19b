// What people do, as requests to the API: the label `action`, given when they are scraped (`application.actions`, `log_in`
// and `search` in settings.yaml).
function(config)
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);

  local chosen = 'instance=~"$application", action=~"$action"';
  local done = ', http_response_status_code=~"2.."';
  local broken = ', http_response_status_code=~"5.."';
  local requests = 'http_server_request_duration_seconds';

  local count(more=done, of='increase', range='1h', before='', selector=chosen) =
    'sum by (action) (%s(%s_count{%s%s}[%s]%s))' % [of, requests, selector, more, range, before];

  {
    chosen:: chosen,
    done:: done,
    broken:: broken,
    count:: count,
    // Of the attempts, by activity.
    share(part, of, range)::
      '(%(part)s or 0 * %(all)s) / (%(all)s > 0)'
      % { part: count(part, of, range), all: count(', http_response_status_code!=""', of, range) },
    quantile(q, range)::
      'histogram_quantile(%s, sum by (le, action) (rate(%s_bucket{%s}[%s]))) >= 0' % [q, requests, chosen, range],
    late(range)::
      local bucket = 'rate(%s_bucket{%s, le=~"%s"}[%s])' % [requests, chosen, slo_targets.edge('api-latency'), range];
      '1 - sum by (action) (%(bucket)s) / (sum by (action) (rate(%(requests)s_count{%(chosen)s}[%(range)s]) and on (job, instance) %(bucket)s) > 0)'
      % { bucket: bucket, requests: requests, chosen: chosen, range: range },
    silent:: 'No activity, the application does not respond to Prometheus, or settings.yaml names no routes for it (application.actions).',
  }
