// What the rows of the front end's board ask for.
function(config)
  local check = 'target="frontend-availability"';
  // What the application serves besides its API: pages, scripts, styles. Health checks and scrapes are for no user.
  local count(selector, more) = 'http_server_request_duration_seconds_count{instance=~"$application", %s%s}' % [selector, more];
  local durations = (import '../lib/requests.libsonnet')(config);

  {
    check:: check,
    pages:: config.selectors.pages,
    // What a search and a form wait for.
    searches:: config.selectors.searches,
    forms:: config.selectors.api + ', http_request_method=~"POST|PUT|PATCH", action!="Logins"',

    unchecked:: 'No check opens the front end: add one with target: frontend-availability to settings.yaml.',
    silent:: 'The application served no page, does not export it, does not respond to Prometheus, or was started less than two minutes ago. Pages served by a web server in front of it are not counted here.',

    // `selector`: which requests, of the instances chosen.
    count(selector, labels='', more='', of='rate', range='$__rate_interval')::
      (if labels == '' then 'sum' else 'sum by (%s) ' % labels) + '(%s(%s[%s]))' % [of, count(selector, more), range],
    // Nothing, rather than NaN, where there were no requests.
    quantile(q, selector, labels='', range='$__rate_interval')::
      'histogram_quantile(%s, sum by (le%s) (%s)) >= 0'
      % [q, if labels == '' then '' else ', ' + labels, durations.chosen_buckets(selector, range)],
    errors(selector, range='$__rate_interval')::
      local all = self.count(selector, more=', http_response_status_code!=""', range=range);
      '(%s or 0 * %s) / (%s > 0)' % [self.count(selector, more=', http_response_status_code=~"[45].."', range=range), all, all],
  }
