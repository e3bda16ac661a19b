// What people do with the CRM, by the requests of its API and the numbers from its tables: no error, and yet something is wrong.
local births = import 'lib/births.libsonnet';
local numbers = import 'lib/numbers.libsonnet';
local record = import 'lib/record.libsonnet';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local known = (import 'lib/known.libsonnet')(time);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);
  local duration = time.duration;

  local edge = targets.edge_matcher(targets.by_id('api-latency').threshold);
  local requests = 'http_server_request_duration_seconds_count';
  local completed = requests + '{action!="",http_response_status_code=~"2.."}';
  local answered = requests + '{%s,http_response_status_code!=""}' % config.selectors.api;
  local total(selector) = 'sum by (job, instance) (%s)' % known.gauge(selector);

  // A share of numbers from the tables, where there are at least so many.
  local share(part, whole, limits) = '%s / (%s >= %d) > %s' % [total(part), total(whole), limits.least, numbers.decimal(limits.share)];

  {
    groups: [
      {
        name: 'business.activity',
        interval: duration('1m'),
        rules: [
          alert('CrmBusinessActivityStopped', 'medium', function(limits) {
            component: 'activity',
            type: 'business',
            expr: |||
              sum by (action) (increase(%(completed)s[%(range)s] offset %(week)s)) >= %(least)s
                unless on (action) sum by (action) (%(now)s) > 0
                and on () sum(increase(%(answered)s[%(range)s]))
                  >= %(share)s * sum(increase(%(answered)s[%(range)s] offset %(week)s))
            ||| % {
              completed: completed,
              now: births.increase(completed, duration(limits.range)),
              answered: answered,
              range: duration(limits.range),
              week: duration('1w'),
              least: time.count(limits.completed),
              share: numbers.decimal(limits.share),
            },
            summary: 'Nobody has completed "{{ $labels.action }}" in the ' + time.last(limits.range) + ': {{ $value | humanize }} times in the same hour a week ago.',
            description: 'The API is used, at no less than ' + numbers.percent(limits.share) + ' of a week ago. First do it yourself in the browser: a button that does nothing sends no request, so no error counts it.',
            impact: 'People cannot do this, or no longer do it.',
          }),
        ],
      },
      // For "Usage in slow hours" of the board: weeks of requests cannot be asked for again and again.
      {
        name: 'business.usage',
        interval: duration('5m'),
        rules: [
          record('action:requests_completed:increase1h', 'sum by (action) (increase(%s[%s]))' % [completed, duration('1h')]),
          record('action:requests_late:ratio_rate1h', |||
            1 - sum by (action) (rate(http_server_request_duration_seconds_bucket{action!="",%(edge)s}[%(hour)s]))
              / (sum by (action) (
                rate(%(requests)s{action!=""}[%(hour)s])
                  and on (job, instance) http_server_request_duration_seconds_bucket{%(edge)s}
              ) > 0)
          ||| % { requests: requests, edge: edge, hour: duration('1h') }),
        ],
      },
      {
        name: 'business.numbers',
        interval: duration('5m'),
        rules: [
          alert('CrmBusinessUsersLeaving', 'low', function(limits) {
            component: 'activity',
            type: 'business',
            expr: |||
              %(now)s
                < %(share)s * (sum by (job, instance) (crm_users_active{window="7d"} offset %(before)s) >= %(users)d)
            ||| % {
              now: total('crm_users_active{window="7d"}'),
              before: duration(limits.before),
              share: numbers.decimal(limits.share),
              users: limits.users,
            },
            summary: 'Only {{ $value }} users were active within 7 days: less than ' + numbers.percent(limits.share) + ' of ' + time.words(limits.before) + ' ago.',
            description: 'Users who logged in or entered an interaction. First see which role stays away; holidays explain a fall that ends.',
            impact: 'What is not entered cannot be planned with: pipeline and follow-ups are incomplete.',
          }),
          alert('CrmBusinessFollowUpsOverdue', 'low', function(limits) {
            component: 'activity',
            type: 'business',
            expr: share('crm_follow_ups{due="overdue_over_30d"}', 'crm_follow_ups', limits),
            summary: '{{ $value | humanizePercentage }} of the follow-ups have been overdue for more than 30 days (limit ' + numbers.percent(limits.share) + ').',
            description: 'Share of the organizations with a date for the next contact. First have the oldest done or dropped by those who own them.',
            impact: 'Customers wait for what they were promised.',
          }),
          alert('CrmBusinessCustomersNeglected', 'low', function(limits) {
            component: 'activity',
            type: 'business',
            expr: share(
              'crm_organizations_without_contact{priority_level="%s",longer_than="%s"}' % [limits.priority, limits.longer_than],
              'crm_organizations{priority_level="%s"}' % limits.priority,
              limits
            ),
            summary: '{{ $value | humanizePercentage }} of the customers of priority ' + limits.priority + ' had no contact for ' + time.words(limits.longer_than) + ' (limit ' + numbers.percent(limits.share) + ').',
            description: 'Organizations without an interaction for so long, or ever. First list them with their owners and call.',
            impact: 'The most important customers are being lost.',
          }),
        ],
      },
    ],
  }
