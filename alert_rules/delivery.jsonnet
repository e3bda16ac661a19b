// What DORA measures of deployments and incidents: from marks (`pantrywatch mark`) and from critical and high alerts.
local record = import 'lib/record.libsonnet';
local slo = import 'lib/slo_series.libsonnet';

function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local series = import 'lib/delivery_series.libsonnet';

  local marks = 'max by (version) (pantrywatch_deployment_timestamp_seconds)';
  local severe = 'severity=~"critical|high"';
  local recent = '%s > time() - %d' % [marks, time.seconds('30d')];

  {
    groups: [
      {
        name: 'delivery.incidents',
        interval: duration('1m'),
        rules: [
          record(series.incident, 'count(ALERTS{alertstate="firing", %s}) > bool 0 or 0 * count(%s)' % [severe, slo.promise]),
          // An alert counts whose condition began after the deployment; it is the newest one's, for at most an hour.
          record(series.failed, |||
            topk(1, %(marks)s) > time() - %(hour)d > bool 0
              and on () max(ALERTS_FOR_STATE{%(severe)s} and ignoring (alertstate) ALERTS{alertstate="firing", %(severe)s})
                > on () max(pantrywatch_deployment_timestamp_seconds)
          ||| % { marks: marks, hour: time.seconds('1h'), severe: severe }),
        ],
      },
      {
        name: 'delivery.measures',
        interval: duration('5m'),
        rules: [
          record(series.deployments, 'count(%s) or 0 * count(%s)' % [recent, marks]),
          record(series.failure_ratio, |||
            (count(max by (version) (max_over_time(%(failed)s[%(range)s])) and on (version) (%(recent)s)) or 0 * count(%(marks)s))
              / on () (%(deployments)s > 0)
          ||| % { failed: series.failed, range: duration('30d'), recent: recent, marks: marks, deployments: series.deployments }),
          // Of those that have ended; one that lasts counts with the time until now.
          record(series.time_to_restore, |||
            %(minute)s * sum_over_time(%(incident)s[%(range)s]) / (resets(%(incident)s[%(range)s]) > 0)
          ||| % { minute: time.horizon('1m'), incident: series.incident, range: duration('30d') }),
        ],
      },
    ],
  }
