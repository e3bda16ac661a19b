// The checks: what they find, beyond the availability targets they feed. A check that does not run: monitoring.jsonnet.
local numbers = import 'lib/numbers.libsonnet';

local check = 'job, instance, check, kind, target';
local of_the_front_end = '{target="frontend-availability"}';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local words = time.words;
  local last = time.last;
  local outage = (import 'lib/outage_texts.libsonnet')(config);
  local known = (import 'lib/known.libsonnet')(time);

  // What clients verify decides: a server may send a certificate that expired long ago and that nobody needs, and the
  // verified chain may expire before any certificate the server sends. Where nothing is verified, or the check was refused,
  // there is no such chain, and the first expiry of what was sent counts; blackbox_exporter exports a time before 1970 for
  // it. A check that cannot connect sees no certificate: what it saw within the hour still holds. While it fails, has not run
  // since a start or cannot be asked, that is so for three days: it may run once a day.
  local chain = 'probe_ssl_last_chain_expiry_timestamp_seconds';
  local earliest = 'probe_ssl_earliest_cert_expiry';
  local of_the_hour(selector) = 'last_over_time(%s[%s])' % [selector, duration('1h')];
  local of_days(selector) = 'last_over_time(%s[%s:%s])' % [selector, duration('3d'), duration('1h')];
  local while_unseen = |||
    and on (job, instance, check) (%s or %s) unless on (job, instance, check) probe_success == 1
  ||| % [known.gauge('probe_success'), known.gauge('pantrywatch_check_interval_seconds')];
  local remembered(now, selectors) =
    '%s or (%s) %s' % [now, std.join(' or ', std.map(of_days, selectors)), std.rstripChars(while_unseen, '\n')];
  local expiry = remembered(
    '%s > 0 or %s or %s > 0 or %s' % [chain, earliest, of_the_hour(chain), of_the_hour(earliest)],
    ['(%s > 0)' % chain, earliest]
  );

  // How often a check runs; a lost scrape does not matter.
  local pace = 'last_over_time(pantrywatch_check_interval_seconds[%s])' % duration('15m');

  // Checks that run at several places, and fail at fewer than two of them: then the place is at fault, or its way to the CRM.
  // Checks without the label `vantage` are at no place, and count for themselves.
  local seen_from_one_place(range) = |||
    (count by (job, check, kind) (count by (job, check, kind, vantage) (max_over_time(probe_success{vantage!=""}[%(range)s]))) > 1)
    unless on (job, check, kind)
    count by (job, check, kind) (count by (job, check, kind, vantage) (max_over_time(probe_success{vantage!=""}[%(range)s]) == 0)) > 1
  ||| % { range: duration(range) };

  // The labels `kind` and `target` are left out: a broken target must not mute the certificate that is about to break it.
  local days_left(days) = 'min by (job, instance, check) (%s) - time() < %d * 86400' % [expiry, days];

  // As above.
  local domain = 'pantrywatch_domain_expiry_timestamp_seconds';
  local domain_days_left(days) =
    'min by (job, instance, check) (%s) - time() < %d * 86400'
    % [remembered('%s or %s' % [domain, of_the_hour(domain)], [domain]), days];

  {
    groups: [
      {
        name: 'synthetic.outages',
        // More often than it is scraped: an outage is told within a minute (docs/notifications.md).
        interval: time.of_scrapes('5s'),
        rules: [
          alert('CrmFrontendDown', 'critical', function(limits) {
            component: 'page',
            type: 'error',
            // Of several checks, or places, one that passes is enough. One that has been gone for five minutes, or has not passed
            // since its exporter was started, says nothing: nor does it end anything. blackbox_exporter counts no runs: each
            // scrape is one.
            expr: |||
              min by (job) (
                %(counted)s
                  unless on (%(check)s) (%(counted)s < %(least)d and on (job, instance) %(gone)s)
                  unless on (%(check)s) (%(failures)s < %(least)d and on (%(check)s) %(passed)s == 0)
              ) >= %(least)d
                or max by (job) (%(failures)s)
                  and on (job) max by (job) (%(passed)s) == 0
                  and on (job) max_over_time(ALERTS{alertname="CrmFrontendDown", alertstate="firing"}[%(gap)s])
                or (
                  max by (job) (%(success)s unless on (%(check)s) (%(success)s == 1 and on (job, instance) %(gone)s)) == 0
                    unless on (job) max_over_time(probe_success%(page)s[%(scrapes)s]) == 1
                    unless on (job) last_over_time(%(failures)s[%(remembered)s])
                )
            ||| % {
              check: check,
              failures: 'pantrywatch_check_consecutive_failures' + of_the_front_end,
              counted: known.gauge(self.failures),
              gone: 'max_over_time(up[%s]) == 0' % duration('5m'),
              passed: 'pantrywatch_check_runs_total{target="frontend-availability", result="success"}',
              gap: duration('15m'),
              least: limits.failures,
              remembered: duration('1d'),
              success: known.gauge('probe_success' + of_the_front_end),
              page: of_the_front_end,
              scrapes: time.of_scrapes(limits.scrapes),
            },
            summary: 'No check of the front end passes' + outage.class_of_checks('frontend-availability') + '.',
            description: 'The last %d runs of each have failed. First open the page yourself: if it loads, the fault is on the way from the checks to it.' % limits.failures,
            impact: 'Users cannot open the CRM.',
          }),
        ],
      },
      {
        name: 'synthetic.alerts',
        rules: [
          alert('CrmSyntheticCertificateExpiring', 'medium', function(limits) {
            component: 'certificate',
            narrow_by: ['check'],
            type: 'error',
            expr: days_left(limits.days),
            summary: 'The certificate seen by check {{ $labels.check }} expires in {{ $value | humanizeDuration }} (limit ' + limits.days + ' days).',
            description: 'It should have been renewed by now. First check the renewal job and its log.',
            impact: 'None yet; on that day every browser rejects the CRM.',
          }),
          alert('CrmSyntheticCertificateSoonExpired', 'high', function(limits) {
            component: 'certificate',
            narrow_by: ['check'],
            type: 'error',
            expr: days_left(limits.days),
            summary: 'The certificate seen by check {{ $labels.check }} expires in {{ $value | humanizeDuration }} (limit ' + limits.days + ' days).',
            description: 'Nobody and nothing has renewed it. Renew it by hand today, then fix the renewal.',
            impact: 'None yet; on that day every browser rejects the CRM.',
          }),
          alert('CrmSyntheticCertificateExpired', 'critical', function(limits) {
            component: 'certificate',
            narrow_by: ['check'],
            type: 'error',
            // Negative: it has expired.
            expr: days_left(limits.days),
            summary: 'The certificate seen by check {{ $labels.check }} has expired or is about to: {{ $value | humanizeDuration }} left.',
            description: 'Renew it by hand now, and have the server load it.',
            impact: 'Every browser rejects the CRM, or will within a day.',
          }),
          alert('CrmSyntheticDomainExpiring', 'medium', function(limits) {
            component: 'domain',
            narrow_by: ['check'],
            type: 'error',
            expr: domain_days_left(limits.days),
            summary: 'The domain of check {{ $labels.check }} expires in {{ $value | humanizeDuration }} (limit ' + limits.days + ' days).',
            description: 'Its registry says so. First look at the registrar: is it set to renew, and is the payment valid?',
            impact: 'None yet; after that day the name stops resolving: no page, no API, no mail.',
          }),
          alert('CrmSyntheticDomainSoonExpired', 'high', function(limits) {
            component: 'domain',
            narrow_by: ['check'],
            type: 'error',
            expr: domain_days_left(limits.days),
            summary: 'The domain of check {{ $labels.check }} expires in {{ $value | humanizeDuration }} (limit ' + limits.days + ' days).',
            description: 'Nobody and nothing has renewed it. Renew it at the registrar today.',
            impact: 'None yet; after that day the name stops resolving: no page, no API, no mail.',
          }),
          alert('CrmSyntheticCheckFailing', 'medium', function(limits) {
            component: 'check',
            narrow_by: ['check', 'kind'],
            last_failure: true,
            type: 'error',
            // Half a failure less: increase() gives 2.5 and more for three. A check may run once a day: where so many cannot
            // fail in `counted`, fewer in longer are enough. The last two must have: others may be those of yesterday. Where
            // none has passed since the exporter was started nobody knows of the one before.
            expr: |||
              max_over_time(probe_success[%(range)s]) == 0
                unless on (%(check)s) (
                  increase(pantrywatch_check_runs_total{result="failure"}[%(counted)s]) < %(failures)s
                    unless on (%(check)s) %(pace)s > %(slow)s
                )
                unless on (%(check)s) (
                  increase(pantrywatch_check_runs_total{result="failure"}[%(slow_counted)s]) < %(slow_failures)s
                    and on (%(check)s) %(pace)s > %(slow)s
                )
                unless on (%(check)s) (
                  last_over_time(pantrywatch_check_consecutive_failures[%(range)s]) < 2
                    and on (%(check)s) last_over_time(pantrywatch_check_runs_total{result="success"}[%(range)s]) > 0
                )
                unless on (job, check, kind) (%(one_place)s)
            ||| % {
              check: check,
              one_place: std.strReplace(std.rstripChars(seen_from_one_place(limits.range), '\n'), '\n', ' '),
              range: duration(limits.range),
              counted: duration(limits.counted),
              failures: numbers.decimal(limits.failures - 0.5),
              pace: pace,
              slow: time.horizon(limits.slow),
              slow_counted: duration(limits.slow_counted),
              slow_failures: numbers.decimal(limits.slow_failures - 0.5),
            },
            summary: 'Check {{ $labels.check }} of {{ $labels.instance }} fails every time.',
            description: 'It has not passed once in the ' + last(limits.range) + '. First check the error class on the board, then run the check by hand.',
            impact: 'Users cannot do what this check does either.',
          }),
        ],
      },
      {
        // A week of samples is expensive to look at.
        name: 'synthetic.flapping',
        interval: duration('1m'),
        rules: [
          alert('CrmSyntheticCheckFlapping', 'low', function(limits) {
            component: 'check',
            narrow_by: ['check', 'kind'],
            last_failure: true,
            type: 'error',
            // So many changes need one run more: slower checks get a longer time.
            expr: |||
              changes(probe_success[%(range)s]) >= %(changes)d
                or changes(probe_success[%(slow_range)s]) >= %(changes)d
                  and on (%(check)s) %(pace)s > %(slow)s
                or changes(probe_success[%(slowest_range)s]) >= %(changes)d
                  and on (%(check)s) %(pace)s > %(slowest)s
            ||| % {
              check: check,
              changes: limits.changes,
              range: duration(limits.range),
              pace: pace,
              slow: time.horizon(limits.slow),
              slow_range: duration(limits.slow_range),
              slowest: time.horizon(limits.slowest),
              slowest_range: duration(limits.slowest_range),
            },
            summary: 'Check {{ $labels.check }} of {{ $labels.instance }} is flapping: {{ $value | humanize }} changes (limit ' + limits.changes + ').',
            description: 'Something fails intermittently: one of several servers, a limit that is just reached, a timeout that is just too short.',
            impact: 'Some users see an error now and then.',
          }),
        ],
      },
    ],
  }
