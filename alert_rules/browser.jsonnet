// The pages that our own browser loads: what they weigh. Their times are targets; checks that fail: synthetic.jsonnet.
local numbers = import 'lib/numbers.libsonnet';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;

  {
    groups: [
      {
        name: 'browser.alerts',
        interval: duration('1m'),
        rules: [
          alert('CrmFrontendBudgetExceeded', 'low', function(limits) {
            component: 'page',
            expr: |||
              min_over_time(browser_page_transferred_bytes[%(range)s])
                > on (job, instance, check, kind, target, resource) last_over_time(browser_page_budget_bytes[%(range)s])
            ||| % { range: duration(limits.range) },
            summary: 'Check {{ $labels.check }} loads {{ $value | humanize1024 }}B of resource type {{ $labels.resource }}: over its budget'
                     + ' {{ with printf "browser_page_budget_bytes{instance=%q,check=%q,resource=%q}" $labels.instance $labels.check $labels.resource | query }}'
                     + 'of {{ . | first | value | humanize1024 }}B{{ end }}.',
            description: 'Every load in the ' + time.last(limits.range) + ' transferred more than the settings allow. First check what the latest deployment added.',
            impact: 'Slow networks and phones load and run this page later than was agreed.',
          }),
          alert('CrmFrontendWeightGrown', 'low', function(limits) {
            component: 'page',
            // The time before a deployment that is younger than `since` lies before `since`. A check that runs less often than every
            // `slow` may load the page for the first time when that has nearly passed.
            local grown(since) = |||
              (
                sum by (job, instance, check) (min_over_time(browser_page_transferred_bytes[%(range)s]))
                - sum by (job, instance, check) (max_over_time(browser_page_transferred_bytes[%(range)s] offset %(since)s)) > %(bytes)d
              )
              and on (job, instance, check) (
                sum by (job, instance, check) (min_over_time(browser_page_transferred_bytes[%(range)s]))
                > %(factor)s * sum by (job, instance, check) (max_over_time(browser_page_transferred_bytes[%(range)s] offset %(since)s))
              )
              and on () time() - max(last_over_time(pantrywatch_deployment_timestamp_seconds[%(range)s])) < %(seconds)s
            ||| % {
              range: duration(limits.range),
              since: duration(since),
              seconds: time.horizon(since),
              bytes: limits.bytes,
              factor: numbers.decimal(limits.factor),
            },
            expr: |||
              %(usual)sor %(longer)s  and on (job, instance, check) %(pace)s > %(slow)s
            ||| % {
              usual: grown(limits.since),
              longer: grown(limits.slow_since),
              pace: 'last_over_time(pantrywatch_check_interval_seconds[%s])' % duration(limits.range),
              slow: time.horizon(limits.slow),
            },
            summary: 'The page of check {{ $labels.check }} transfers {{ $value | humanize1024 }}B more than before the latest deployment.',
            description: 'The growth is at least ' + numbers.decimal((limits.factor - 1) * 100) + ' %. First check which resource type grew, and what was added to it.',
            impact: 'Slow networks and phones load this page later than the day before.',
          }),
        ],
      },
    ],
  }
