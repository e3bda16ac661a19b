// What people do, as requests to the API. Where a CRM names its routes differently, change them here.
function(config)
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);

  local id = '(\\\\{[^/]+\\\\}|:[^/]+)';
  local actions = [
    { name: 'Logins', one: 'a login', method: 'POST', route: '.*/(log-?in|sign-?in|sessions?|token)' },
    { name: 'Searches', one: 'a search', method: 'GET', route: '.*/search' },
    { name: 'Accounts opened', one: 'an account opened', method: 'GET', route: '.*/organizations/' + id },
    { name: 'Interactions logged', one: 'an interaction', method: 'POST', route: '.*/interactions' },
    { name: 'Opportunities moved', one: 'an opportunity', method: 'PATCH|PUT', route: '.*/opportunities/.+' },
    { name: 'Dashboards viewed', one: 'a dashboard', method: 'GET', route: '.*/dashboard' },
  ];

  local selector(action) =
    'instance=~"$application", http_request_method=~"%s", http_route=~"%s"' % [action.method, action.route];
  local done = ', http_response_status_code=~"2.."';
  local broken = ', http_response_status_code=~"5.."';

  local count(action, more=done, of='increase', range='1h', before='') =
    'sum(%s(http_server_request_duration_seconds_count{%s%s}[%s]%s))' % [of, selector(action), more, range, before];
  local share(part, action, of, range) =
    '(%(part)s or 0 * %(all)s) / (%(all)s > 0)' % { part: count(action, part, of, range), all: count(action, '', of, range) };
  local quantile(action, q, range) =
    'histogram_quantile(%s, sum by (le) (rate(http_server_request_duration_seconds_bucket{%s}[%s]))) >= 0' % [q, selector(action), range];
  local named(action, expr) = 'label_replace(%s, "action", "%s", "", "")' % [expr, action.name];
  local each(of) = std.join(' or ', [named(action, of(action)) for action in actions]);

  {
    actions:: actions,
    action(name):: [action for action in actions if action.name == name][0],
    selector:: selector,
    count:: count,
    share:: share,
    quantile:: quantile,
    done:: done,
    broken:: broken,
    // One series an action, with its name in the label `action`.
    each:: each,
    late(action, range):: '1 - sum(rate(http_server_request_duration_seconds_bucket{%s, le=~"%s"}[%s])) / (%s > 0)' % [
      selector(action),
      slo_targets.edge('api-latency'),
      range,
      count(action, '', 'rate', range),
    ],
    silent:: 'No activity, the application does not respond to Prometheus, or its routes have other names (dashboards/business/queries.libsonnet).',
  }
