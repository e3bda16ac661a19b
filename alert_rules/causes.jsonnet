// What a fired cause explains, for as long as the windows of its symptoms remember it: Alertmanager's inhibition compares
// these alerts (pantrywatch/generate/alertmanager/inhibition.py). They have severity none: nobody is notified of them.
local numbers = import 'lib/numbers.libsonnet';

// The targets that users feel, whatever the cause; the others belong to one server or to a third party. The same text is in
// inhibition.py.
local not_felt = 'db-.+|cache-hit-ratio|integration-error-rate';

// Alerts that explain others → instances that show that it is not all of them: with one server of two down, a symptom may
// be the other's, and is told. A replica does not replace its primary.
local primaries = 'max by (instance) (pg_up) == 1 unless on (instance) max by (instance) (pg_replication_is_replica) == 1';
local causes(selectors) = {
  database: {
    alerts: 'alertname=~"CrmDatabaseDown|CrmDatabaseConnectionsNearLimit", severity="critical"',
    others: primaries,
  },
  pooler: {
    alerts: 'alertname="CrmDatabasePoolerDown"',
    others: 'max by (instance) (pgbouncer_up) == 1',
  },
  locks: {
    alerts: 'alertname="CrmDatabaseLockQueue"',
    others: primaries,
  },
  cache: {
    alerts: 'alertname="CrmCacheDown"',
    others: 'max by (instance) (redis_up) == 1 unless on (instance) redis_master_link_up',
  },
  frontend: {
    alerts: 'alertname="CrmFrontendDown"',
    others: 'max by (job) (probe_success{target="frontend-availability"}) == 1',
  },
  application: {
    alerts: 'alertname="CrmApiDown"',
    others: 'sum by (job) (up{%s}) > 0' % selectors.application,
  },
};

// Alerts of outages that begin and end with the scrapes or with runs of checks, and the label that tells one from another. All
// others look at a window: they do not end in a pause of a few minutes. The same list is in inhibition.py. `explained_by`: causes
// whose outages take this one along; it does not count then.
local outages = {
  CrmDatabaseDown: { severity: 'critical', of: 'instance' },
  CrmDatabasePoolerDown: { severity: 'critical', of: 'instance' },
  CrmApiDown: { severity: 'critical', of: 'job' },
  CrmCacheDown: { severity: 'high', of: 'instance' },
  CrmFrontendDown: { severity: 'critical', of: 'job', explained_by: 'application|database|pooler' },
};

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local record = import 'lib/record.libsonnet';
  local series = import 'lib/slo_series.libsonnet';
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local outage = (import 'lib/outage_texts.libsonnet')(config);

  local known = causes(config.selectors);
  local counted = 'cause:alerts:count';
  local recently(selector, range) = 'max_over_time(%s{%salertstate="firing"}[%s])' % [counted, selector, duration(range)];

  local count(cause) =
    local alerts = 'ALERTS{%s}' % known[cause].alerts;
    local match = if cause == 'application' || cause == 'frontend' then 'job' else 'instance';
    record(
      counted,
      'count by (alertstate) (%s) unless on () (%s unless on (%s) %s)' % [alerts, known[cause].others, match, alerts],
      { cause: cause }
    );

  // `mutes`: which alerts it inhibits, by how long they remember: a severity of burn rates, or everything else.
  local silent(name, mutes, labels, describe) = alert(name, 'none', function(limits) {
    component: 'prometheus',
    impact: 'None: it reaches nobody.',
  } + describe(limits[mutes])) + { labels+: { mutes: mutes } + labels };

  local cause_recent(mutes) = silent('CrmMonitoringCauseRecent', mutes, {}, function(memory) {
    expr: 'max by (cause, job) (%s) > 0' % recently('', memory)
          + (if mutes == 'recent' then ' or max by (cause, job) (%s{alertstate="pending"}) > 0' % counted else ''),
    summary: 'An outage explains others: {{ $labels.cause }}, in the ' + time.last(memory) + '.',
    description: 'Alerts that this outage explains are inhibited until their windows have forgotten it.',
  });

  // The hour of CrmApiFailedLogins counts the attempts of a burst too.
  local burst_recent = silent('CrmMonitoringCauseRecent', 'high', { cause: 'log-ins' }, function(memory) {
    expr: 'max by (job) (max_over_time(ALERTS{alertname="CrmApiFailedLoginsBurst", alertstate="firing"}[%s])) > 0' % duration(memory),
    summary: 'Passwords of {{ $labels.job }} were guessed at in the ' + time.last(memory) + '.',
    description: 'The alert about failed logins over an hour is inhibited until that hour has forgotten the burst.',
  });

  local target_burned(mutes, severities) = silent('CrmMonitoringTargetBurned', mutes, {}, function(memory) {
    expr: 'max by (target) (max_over_time(ALERTS{alertname=~".+Burn", severity=~"%s", alertstate="firing"}[%s])) > 0'
          % [severities, duration(memory)],
    summary: 'Target {{ $labels.target }} fired with a higher severity in the ' + time.last(memory) + '.',
    description: 'Lower severities remember the same events for longer; they are inhibited until then.',
  });

  local server_recent(cause, name) = silent('CrmMonitoringCauseRecent', 'server', { cause: cause }, function(memory) {
    expr: 'max by (instance) (max_over_time(ALERTS{alertname="%s", alertstate="firing"}[%s])) > 0' % [name, duration(memory)],
    summary: '{{ $labels.instance }} was down in the ' + time.last(memory) + '.',
    description: 'Other alerts about this server are inhibited until their windows have forgotten it.',
  });

  // Inhibits the single outages: their messages, and steps that would count from the first of them.
  local flapping(name) = alert('CrmMonitoringOutageFlapping', outages[name].severity, function(limits) {
    component: 'alertmanager',
    type: 'error',
    local of = outages[name].of,
    local firing = 'ALERTS{alertname="%s", alertstate="firing"}' % name,
    local begins = '%s unless %s offset %s' % [firing, firing, duration('15s')] + (
      if !('explained_by' in outages[name]) then ''
      else ' unless on () ALERTS{alertname="CrmMonitoringCauseRecent", mutes="recent", cause=~"%s", alertstate="firing"}' % outages[name].explained_by
    ),
    // It does not end in an outage because the hour has forgotten the first: the steps of what goes on would be due at once.
    expr: |||
      (
        %(counted)s >= %(begins)d
          or %(counted)s and on (%(of)s) %(itself)s and on (%(of)s) %(firing)s
      ) unless on (%(of)s) max by (%(of)s) (count_over_time(%(firing)s[%(steady)s:%(minute)s])) >= %(minutes)d
    ||| % {
      counted: 'max by (%s) (count_over_time((%s)[%s:%s]))' % [of, begins, duration(limits.within), duration('15s')],
      itself: 'max_over_time(ALERTS{alertname="CrmMonitoringOutageFlapping", outage="%s", alertstate="firing"}[%s])' % [name, duration('15m')],
      of: of,
      firing: firing,
      begins: limits.begins,
      steady: duration(limits.steady),
      minute: duration('1m'),
      minutes: time.seconds(limits.steady) / 60,
    },
    summary: '%s of {{ $labels.%s }} keeps coming back: {{ if eq $value 1.0 }}once{{ else }}{{ $value }} times{{ end }} in the %s.' % [name, of, time.last(limits.within)],
    description: 'Treat it as one problem: while this alert fires, its single outages notify nobody. One that lasts '
                 + time.words(limits.steady) + ' notifies again. First check what restarts it, or what it runs out of.',
    impact: 'Whoever depends on it fails each time.',
  }) + { labels+: { escalates: 'partly', outage: name } };

  {
    groups: [
      {
        name: 'causes.rules',
        // As often as the outages: what they explain must not be told before they are known.
        interval: time.of_scrapes('5s'),
        rules: [count(cause) for cause in std.objectFields(known)] + [
          // No instance of a job is scraped: then the targets it feeds have no data.
          record(
            counted,
            'count by (job, alertstate) (ALERTS{alertname="CrmMonitoringTargetDown"}) unless on (job) up == 1',
            { cause: 'scrape' }
          ),
        ],
      },
      {
        name: 'causes.alerts',
        interval: time.of_scrapes('5s'),
        rules: [cause_recent(mutes) for mutes in ['recent', 'high', 'medium', 'low']]
               + [
                 server_recent('database', 'CrmDatabaseDown'),
                 server_recent('pooler', 'CrmDatabasePoolerDown'),
                 server_recent('cache', 'CrmCacheDown'),
                 burst_recent,
                 target_burned('high', 'critical'),
                 target_burned('medium', 'critical|high'),
                 target_burned('low', 'critical|high|medium'),
                 alert('CrmApiUsersAffected', 'critical', function(limits) {
                   component: 'api',
                   type: 'error',
                   expr: |||
                     count(ALERTS{alertname=~"CrmApiErrorsSudden|.+Burn", severity="critical", alertstate="firing", target!~"%s"})
                       and on () max(%s) > 0
                   ||| % [not_felt, recently('cause=~"application|database|pooler", ', config.alerts.CrmMonitoringCauseRecent.recent)],
                   local bad = series.error_ratio('5m') + '{target!~\\"' + not_felt + '\\"} > 0.01',
                   summary: 'Users are affected by the outage of the {{ with query "max by (cause) (%s) > 0" }}{{ . | first | label "cause" }}{{ else }}servers{{ end }}'
                            % std.strReplace(recently('cause=~"application|database|pooler", ', config.alerts.CrmMonitoringCauseRecent.recent), '"', '\\"')
                            + outage.failing(': ', '') + '.',
                   description: 'Bad in the last 5 minutes:{{ range query "sort_desc(%s)" }} {{ .Labels.target }} {{ .Value | humanizePercentage }};{{ else }} not known yet;{{ end }}' % bad
                                + ' each is an alert of its own, inhibited while the cause is known. This alert does not escalate: its cause does.',
                   impact: 'Users see error messages and may lose what they enter.',
                 }) + { labels+: { escalates: 'no' } },
               ],
      },
      {
        name: 'causes.flapping',
        interval: duration('15s'),
        rules: [flapping(name) for name in std.objectFields(outages)],
      },
    ],
  }
