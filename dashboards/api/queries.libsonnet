// What the rows of the API's board ask for.
function(config)
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local durations = (import '../lib/requests.libsonnet')(config);

  local of_routes = 'http_route=~"$route", ' + config.selectors.api;
  local chosen = 'instance=~"$application", ' + of_routes;
  local requests = 'http_server_request_duration_seconds';
  local failed = 'http_response_status_code=~"5.."';

  local summed(labels, expr) = if labels == '' then 'sum(%s)' % expr else 'sum by (%s) (%s)' % [labels, expr];
  local ratio(part, whole) = '%s / (%s > 0)' % [part, whole];

  {
    api:: config.selectors.api,
    chosen:: chosen,
    application:: 'instance=~"$application"',

    // Why a panel is empty.
    silent:: 'No requests: nobody uses these routes, or the application does not respond to Prometheus (see Instances). How long they take is recorded each minute: for two minutes after a start there is none.',

    // `range`: $__rate_interval for graphs, $__range for tables of the time shown, 5m for what is now. `job` keeps a label
    // for a sum over everything chosen.
    rate(labels, more='', range='$__rate_interval')::
      summed(labels, 'rate(%s_count{%s%s}[%s])' % [requests, chosen, more, range]),
    count(labels, more='', range='$__range')::
      summed(labels, 'increase(%s_count{%s%s}[%s])' % [requests, chosen, more, range]),
    seconds(labels, range='$__rate_interval')::
      summed(labels, 'rate(%s_sum{%s}[%s])' % [requests, chosen, range]),
    // Nothing, rather than NaN, where there were no requests.
    quantile(q, labels='', range='$__rate_interval', offset='')::
      'histogram_quantile(%s, sum by (le%s) (%s)) >= 0'
      % [q, if labels == '' then '' else ', ' + labels, durations.chosen_buckets(of_routes, range, offset)],
    buckets(range='$__rate_interval'):: 'sum by (le) (%s)' % durations.chosen_per_minute(of_routes, range),

    // Share of requests that failed, and of those that took longer than promised. No failed request yet is a share of 0.
    errors(labels='', range='$__rate_interval')::
      local all = self.rate(labels, ', http_response_status_code!=""', range);
      ratio('(%s or 0 * %s)' % [self.rate(labels, ', ' + failed, range), all], all),
    late(labels='', range='$__rate_interval')::
      local within(edge) = summed(labels, durations.chosen_buckets('%s, le=~"%s"' % [of_routes, edge], range));
      '1 - ' + ratio(within(slo_targets.edge('api-latency')), within('\\\\+Inf')),

    // As the alerts count log-ins.
    logins(statuses, range)::
      'sum(increase(%s_count{instance=~"$application", %s, http_response_status_code=~"%s"}[%s]))'
      % [requests, config.selectors.logins, statuses, range],
  }
