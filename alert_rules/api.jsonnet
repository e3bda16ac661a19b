// The application, by its own metrics: what goes wrong faster or elsewhere than a month's targets can tell.
// Names are OpenTelemetry's; names.jsonnet gives them to a CRM that exports others.
local alert = (import 'lib/alert.libsonnet').alert;

// The routes users wait for, as in targets.yaml; health checks and scrapes would water the shares down.
local routes = 'http_route=~"/api/v1/.+"';

local share(part, whole, labels, range) =
  'sum by (%s) (rate(%s[%s])) / (sum by (%s) (rate(%s[%s])) > 0)' % [labels, part, range, labels, whole, range];

// Requests slower than an edge of the histogram, as a share; nothing where the histogram has no such edge.
local slower(edge, labels, range) =
  local bucket = 'http_server_request_duration_seconds_bucket{%s,%s}' % [routes, edge];
  '1 - ' + share(bucket, 'http_server_request_duration_seconds_count{%s}' % routes, labels, range);

local requests(labels, range) =
  'sum by (%s) (increase(http_server_request_duration_seconds_count{%s}[%s]))' % [labels, routes, range];

local failed_logins(range) =
  'sum by (job) (increase(http_server_request_duration_seconds_count{http_request_method="POST",http_route=~".*/(log-?in|sign-?in|sessions?|token)",http_response_status_code=~"401|403|429"}[%s]))' % range;

{
  groups: [
    {
      name: 'api.alerts',
      rules: [
        alert(
          'CrmApiDown',
          'critical',
          'api',
          // One of several that is gone is CrmMonitoringTargetDown's; this is the last one.
          'sum by (job) (up{job="application"}) == 0',
          // Four scrapes: a restart of the only instance takes less.
          '1m',
          'No instance of the application answers.',
          'For a minute none of its instances has answered Prometheus. Look first at whether the checks of the API fail too: then it is down for users as well.',
          'The CRM cannot be used, or nothing is known of it.',
          type='error',
        ),
        alert(
          'CrmApiErrorsSudden',
          'critical',
          'api',
          // The CRM's designers call 5 % critical. Five failures at least: one failed request in a quiet night is one in
          // ten. Slower burning of the month's budget is for CrmApiErrorRateBurn.
          |||
            %s > 0.05
              and on (job) sum by (job) (increase(http_server_request_duration_seconds_count{%s,http_response_status_code=~"5.."}[5m])) >= 5
          ||| % [
            share(
              'http_server_request_duration_seconds_count{%s,http_response_status_code=~"5.."}' % routes,
              'http_server_request_duration_seconds_count{%s}' % routes,
              'job',
              '5m'
            ),
            routes,
          ],
          // The range is five minutes already; this keeps out one bad scrape.
          '1m',
          "{{ $value | humanizePercentage }} of the API's answers are errors (limit 5%).",
          'In the last 5 minutes so many requests ended with a status of 5xx. Look first at which route fails, and whether database or cache are down.',
          'Users see error messages; what they enter may be lost.',
          type='error',
        ),
        alert(
          'CrmApiSlow',
          'high',
          'api',
          // The designers' rule is a p95 above 2 s; 2.5 s is the next edge of the usual histograms, and the share beyond
          // it is exact where a quantile is guessed. Twenty requests: with fewer, one slow report is the 5 %.
          slower('le="2.5"', 'job', '5m') + ' > 0.05\n  and on (job) ' + requests('job', '5m') + ' >= 20\n',
          // Theirs is a cooldown of 15 minutes: what has passed by then needs nobody.
          '15m',
          "{{ $value | humanizePercentage }} of the API's answers take more than 2.5 s (limit 5%).",
          'For 15 minutes the slowest twentieth has taken more than 2.5 seconds, five times the target. Look first at the slowest routes, then at the database.',
          'People wait for pages and give up.',
        ),
        alert(
          'CrmApiRouteSlow',
          'medium',
          'api',
          // A fifth above 1 s, twice the target: plain to whoever uses this page, but hidden in the sum of all routes.
          slower('le=~"1(\\\\.0)?"', 'job, http_request_method, http_route', '15m')
          + ' > 0.2\n  and on (job, http_request_method, http_route) '
          + requests('job, http_request_method, http_route', '15m') + ' >= 20\n',
          // With the range of 15 minutes: half an hour of slow answers.
          '15m',
          '{{ $labels.http_request_method }} {{ $labels.http_route }} is slow: {{ $value | humanizePercentage }} of its answers take more than 1 s (limit 20%).',
          'For 15 minutes this one route has been slow. Look first at what was deployed, and at the statements it runs.',
          'Whoever uses this part of the CRM waits.',
        ),
        alert(
          'CrmApiFailedLogins',
          'high',
          'api',
          // The designers' number: more than fifty in an hour are no forgotten passwords.
          failed_logins('1h') + ' > 50',
          '1m',
          '{{ $value | printf "%.0f" }} log-ins failed within an hour (limit 50).',
          'So many log-ins were refused. Look first at whether they come from one address or for one account: then it is an attack; otherwise at the auth service.',
          'An account may be taken over; or users cannot get in.',
          type='security',
        ),
        alert(
          'CrmApiFailedLoginsBurst',
          'critical',
          'api',
          // Twice the allowance of an hour within five minutes: a machine tries passwords, now.
          failed_logins('5m') + ' > 100',
          '30s',
          '{{ $value | printf "%.0f" }} log-ins failed within 5 minutes (limit 100).',
          'Passwords are being tried by a machine, or nobody can log in. Look first at the addresses in the access log, and block them.',
          'An account may be taken over within minutes; the log-in is slow for all.',
          type='security',
        ),
        alert(
          'CrmApiThirdPartyFailing',
          'high',
          'api',
          // A fifth of the calls, and three at least: services of others have their moments, and the month's target
          // (CrmIntegrationErrorRateBurn) counts each of them.
          |||
            %s > 0.2
              and on (job, service_peer_name) sum by (job, service_peer_name) (increase(http_client_request_duration_seconds_count{error_type!=""}[15m])) >= 3
          ||| % share(
            'http_client_request_duration_seconds_count{error_type!=""}',
            'http_client_request_duration_seconds_count',
            'job, service_peer_name',
            '15m'
          ),
          '5m',
          '{{ $value | humanizePercentage }} of the calls to {{ $labels.service_peer_name }} fail (limit 20%).',
          'In the last 15 minutes so many calls to this service of a third party failed. Look first at its status page, then at our credentials and quota.',
          'What depends on it (mail, maps, files) does not work; the rest of the CRM does.',
          type='error',
        ),
        alert(
          'CrmApiPoolExhausted',
          'high',
          'api',
          // Not one free connection at any scrape of five minutes. A pool that may still grow has one to spare between
          // two requests; one at its limit has not.
          |||
            max by (job, instance, db_client_connection_pool_name) (max_over_time(db_client_connection_count{db_client_connection_state="idle"}[5m])) == 0
              and on (job, instance, db_client_connection_pool_name)
                min by (job, instance, db_client_connection_pool_name) (min_over_time(db_client_connection_count{db_client_connection_state="used"}[5m])) > 0
          |||,
          '1m',
          'The database connections of {{ $labels.instance }} are all in use.',
          'For 5 minutes the pool has had no free connection: requests queue for one. Look first for long or blocked transactions in the database.',
          'Requests wait for a connection, then fail.',
        ),
      ],
    },
  ],
}
