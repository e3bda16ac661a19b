// The application, by its own metrics: what goes wrong faster or elsewhere than a month's targets can tell.
// Names are OpenTelemetry's; those of other libraries get them when they are scraped (docs/your-application.md).
local births = import 'lib/births.libsonnet';
local matchers = import 'lib/matchers.libsonnet';
local numbers = import 'lib/numbers.libsonnet';
local percent = numbers.percent;
local record = import 'lib/record.libsonnet';
local requests = import 'lib/request_series.libsonnet';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);
  local duration = time.duration;
  local words = time.words;
  local last = time.last;
  local outage = (import 'lib/outage_texts.libsonnet')(config);
  // The routes users wait for; health checks and scrapes would dilute the shares.
  local critical = config.selectors.critical;
  // Requests of the API whose outcome is known.
  local api = config.selectors.api + ',http_response_status_code!=""';
  local errors = config.selectors.server_errors;

  local increase(selector, range) = births.increase(selector, duration(range));

  // Requests of a minute from instances whose histogram has that edge: of two, one may have it.
  local judged(edge) = record(
    requests.judged,
    'sum by (job, http_request_method, http_route) (%s and on (job, instance) %s) / %s' % [
      'increase(http_server_request_duration_seconds_count{%s}[%s])' % [critical, time.with_scrape(requests.window)],
      'http_server_request_duration_seconds_bucket{%s,%s}' % [critical, targets.edge_matcher(edge)],
      numbers.decimal(time.extrapolated(requests.window)),
    ],
    { edge: numbers.decimal(edge) }
  );

  // Requests slower than an edge of the histogram, as a share; nothing where the histogram has no such edge.
  local slow(labels, limits) =
    local range = duration(limits.range);
    local a_minute(series) = 'sum by (%s) (avg_over_time(%s[%s]))' % [labels, series, range];
    local of = a_minute('%s{edge="%s"}' % [requests.judged, numbers.decimal(limits.edge)]);
    local within = a_minute('%s{%s,%s}' % [requests.buckets, critical, targets.edge_matcher(limits.edge)]);
    |||
      1 - %(within)s / (%(of)s > 0) > %(share)s
        and on (%(labels)s) %(of)s >= %(least)s
    ||| % {
      within: within,
      of: of,
      labels: labels,
      share: numbers.decimal(limits.share),
      // As many in the range, of what is recorded for each minute of it.
      least: numbers.decimal(numbers.round(1e6 * limits.requests * time.seconds(requests.window) / time.seconds(limits.range)) / 1e6),
    };

  // What boards ask by: what is chosen with selectors, and what they list.
  local asked_by = std.set([
    matchers.label(matcher)
    for selector in std.objectValues({ [name]: config.selectors[name] for name in ['api', 'critical', 'pages', 'logins', 'searches'] })
    for matcher in matchers.of('{' + selector + '}')
  ] + ['job', 'route_group', 'action', 'http_request_method', 'http_route', 'le']);

  local failed_calls(range) =
    increase('http_client_request_duration_seconds_count{error_type!=""}', range) + ' or '
    + increase('http_client_request_duration_seconds_count{error_type="",http_response_status_code=~"[45].."}', range);

  // What CrmApiErrorsSudden reads, recorded before it in its group, so that it is of the same moment. Each request is looked
  // at as few times as can be: this group takes most of the time of all rules where there are hundreds of instances.
  local sudden = {
    local limits = config.alerts.CrmApiErrorsSudden,
    local requests = 'http_server_request_duration_seconds_count',
    local growth = 'instance:http_server_requests:growth5m',
    local counted(matchers) =
      'sum by (job) (%s)' % births.increase('%s{%s}' % [requests, matchers], duration(limits.range), growth=growth),
    failures:: 'job:api_errors_sudden:count',
    share:: 'job:api_errors_sudden:ratio',
    rules: [
      record(growth, births.growth(requests, duration(limits.range))),
      record(self.failures, counted('%s,%s' % [config.selectors.api, errors])),
      record(self.share, '%s / (%s > 0)' % [self.failures, counted(api)]),
    ],
  };

  local failed_logins(limits) =
    'sum by (job) (%s) > %s' % [
      increase(
        'http_server_request_duration_seconds_count{%s,%s}' % [config.selectors.logins, config.selectors.refused],
        limits.range
      ),
      time.count(limits.limit),
    ];

  {
    groups: [
      {
        name: 'api.outages',
        // More often than it is scraped: an outage is told within a minute (docs/notifications.md).
        interval: time.of_scrapes('5s'),
        rules: [
          alert('CrmApiDown', 'critical', function(limits) {
            waits_for: 'scrapes',
            component: 'api',
            type: 'error',
            // One of several that is gone is CrmMonitoringTargetDown's; this is the last one.
            // While Prometheus scrapes nothing at all, what was last known holds.
            expr: 'sum by (job) (up{%(s)s}) == 0 or (sum by (job) (last_over_time(up{%(s)s}[%(gap)s])) == 0) unless on (job) sum by (job) (up{%(s)s}) > 0'
                  % { s: config.selectors.application, gap: duration('15m') },
            summary: 'No instance of the application responds' + outage.class_of_checks('api-availability') + '.',
            description: 'Prometheus has had no response from any instance for ' + words(limits['for']) + '. First check whether the API checks fail too: if so, it is down for users as well.',
            impact: 'The CRM is down, or its state is unknown.',
          }),
        ] + sudden.rules + [
          alert('CrmApiErrorsSudden', 'critical', function(limits) {
            component: 'api',
            type: 'error',
            // While Prometheus scrapes nothing at all, what was last known holds. So many failures at a moment with that share:
            // those of a busier one before say nothing.
            expr: |||
              last_over_time(%(share)s[%(gap)s]) > %(most)s
                and on (job) max_over_time((%(failures)s and on (job) %(share)s > %(most)s)[%(gap)s:%(step)s]) >= %(least)d
            ||| % {
              share: sudden.share,
              failures: sudden.failures,
              most: numbers.decimal(limits.share),
              least: limits.failures,
              gap: duration('15m'),
              step: time.of_scrapes('5s'),
            },
            summary: '{{ $value | humanizePercentage }} of API requests fail (limit ' + percent(limits.share) + ').',
            description: 'Share of requests answered with a 5xx status in the ' + last(limits.range) + '. First check which route fails, and whether the database or the cache is down.',
            impact: 'Users see error messages and may lose what they enter.',
          }),
        ],
      },
      {
        name: 'api.requests',
        interval: duration(requests.window),
        rules: [
          // As in the targets' rules, adjacent windows neither miss nor share a request.
          record(
            requests.buckets,
            'sum by (%s) (increase(http_server_request_duration_seconds_bucket[%s])) / %s'
            % [std.join(', ', asked_by), time.with_scrape(requests.window), numbers.decimal(time.extrapolated(requests.window))],
            { instance: requests.instance }
          ),
        ] + [
          judged(edge)
          for edge in std.set([config.alerts[name].edge for name in ['CrmApiSlow', 'CrmApiRouteSlow']])
        ],
      },
      {
        name: 'api.alerts',
        rules: [
          alert('CrmApiSlow', 'high', function(limits) {
            component: 'api',
            expr: slow('job', limits),
            summary: '{{ $value | humanizePercentage }} of API requests take longer than ' + numbers.decimal(limits.edge) + ' s (limit ' + percent(limits.share) + ').',
            description: 'More than ' + percent(limits.share) + ' of requests have taken longer than ' + numbers.decimal(limits.edge) + ' s for ' + words(limits['for']) + '. First check the slowest routes, then the database.',
            impact: 'Users wait for pages and give up.',
          }),
          alert('CrmApiRouteSlow', 'medium', function(limits) {
            component: 'api',
            narrow_by: ['http_route'],
            expr: slow('job, http_request_method, http_route', limits),
            summary: '{{ $labels.http_request_method }} {{ $labels.http_route }} is slow: {{ $value | humanizePercentage }} of its requests take longer than ' + numbers.decimal(limits.edge) + ' s (limit ' + percent(limits.share) + ').',
            description: 'This route has been slow for ' + words(limits['for']) + '. First check the latest deployment, then the statements this route runs.',
            impact: 'Everyone who uses this part of the CRM waits.',
          }),
          alert('CrmApiFailedLogins', 'high', function(limits) {
            component: 'api',
            type: 'security',
            expr: failed_logins(limits),
            summary: '{{ $value | printf "%.0f" }} failed logins in the ' + last(limits.range) + ' (limit ' + limits.limit + ').',
            description: 'First check whether the attempts come from one address or target one account: that is an attack. Otherwise check the authentication service.',
            impact: 'Accounts may be taken over, or users cannot log in.',
          }),
          alert('CrmApiFailedLoginsBurst', 'critical', function(limits) {
            component: 'api',
            type: 'security',
            expr: failed_logins(limits),
            summary: '{{ $value | printf "%.0f" }} failed logins in the ' + last(limits.range) + ' (limit ' + limits.limit + ').',
            description: 'Somebody is guessing passwords automatically, or nobody can log in. First check the client addresses in the access log, and block them.',
            impact: 'Accounts may be taken over within minutes; logging in is slow for everyone.',
          }),
          alert('CrmApiThirdPartyFailing', 'high', function(limits) {
            component: 'api',
            type: 'error',
            // By what happened, or where the library does not say it by the status. Neither: nobody can tell.
            expr: |||
              sum by (job, service_peer_name) (%(failed)s) / (sum by (job, service_peer_name) (%(calls)s) > 0) > %(share)s
                and on (job, service_peer_name) sum by (job, service_peer_name) (%(failed)s) >= %(failures)d
            ||| % {
              calls: increase('http_client_request_duration_seconds_count', limits.range),
              failed: failed_calls(limits.range),
              share: numbers.decimal(limits.share),
              failures: limits.failures,
            },
            summary: '{{ $value | humanizePercentage }} of calls to {{ $labels.service_peer_name }} fail (limit ' + percent(limits.share) + ').',
            description: 'Share of failed calls to this third party in the ' + last(limits.range) + '. First check its status page, then our credentials and quota.',
            impact: 'Features that depend on it (mail, maps, files) fail; the rest of the CRM works.',
          }),
          alert('CrmApiPoolExhausted', 'high', function(limits) {
            component: 'api',
            narrow_by: ['instance'],
            // A pool that may still grow has one connection to spare between two requests; one at its limit has not. An instance
            // that was just started opens its first ones: the range must be full.
            expr: |||
              max by (job, instance, db_client_connection_pool_name) (max_over_time(db_client_connection_count{db_client_connection_state="idle"}[%(range)s])) == 0
                and on (job, instance, db_client_connection_pool_name)
                  min by (job, instance, db_client_connection_pool_name) (min_over_time(db_client_connection_count{db_client_connection_state="used"}[%(range)s])) > 0
                and on (job, instance, db_client_connection_pool_name)
                  present_over_time(db_client_connection_count{db_client_connection_state="used"}[%(range)s] offset %(range)s)
            ||| % { range: duration(limits.range) },
            summary: 'The database connection pool{{ with $labels.db_client_connection_pool_name }} {{ . }}{{ end }} of {{ $labels.instance }} is exhausted.',
            description: 'The pool has had no idle connection for ' + words(limits.range) + ', so requests queue for one. First check the database for long-running or blocked transactions.',
            impact: 'Requests wait for a connection, then fail.',
          }),
          alert('CrmApiNearCapacity', 'medium', function(limits) {
            component: 'api',
            expr: |||
              max by (job) (sum by (job, instance) (rate(http_server_request_duration_seconds_count{%(api)s}[%(range)s]))) * 60
                / on () group_left () (max(last_over_time(pantrywatch_capacity_requests_per_minute[%(range)s])) > 0) > %(share)s
            ||| % { api: config.selectors.api, range: duration(limits.range), share: numbers.decimal(limits.share) },
            summary: 'The busiest server handles {{ $value | humanizePercentage }} of the rate that one server is proven to sustain (limit ' + percent(limits.share) + ').',
            description: 'Averaged over ' + words(limits.range) + '. Beyond the proven rate nobody knows whether the API stays fast. First check whether the load is usual for this hour.',
            impact: 'None yet. A further increase may make the API slow or fail.',
          }),
          alert('CrmApiCapacityProofOld', 'low', function(limits) {
            component: 'api',
            expr: 'time() - max by (job) (last_over_time(pantrywatch_capacity_run_timestamp_seconds[%s])) > %d * 86400' % [duration('1h'), limits.days],
            summary: 'The last capacity run was {{ $value | humanizeDuration }} ago (limit ' + limits.days + ' days).',
            description: 'The application has changed since. First run `pantrywatch capacity` against a server that may be loaded.',
            impact: 'None. How much load a server sustains is no longer known for certain.',
          }),
        ],
      },
    ],
  }
