// Which targets are fed here: 1, or 0 for "not measured" (`notMeasured`, from settings.yaml).
// A target of the part `browser` is fed where Prometheus has a browser's exporter to scrape: it comes with a program that
// many machines lack, and in containers with a profile. One that vanishes is missed for a day (CrmTargetNoData).
// A target of the application's own metrics is fed where they can count it: a library may have no bucket edge at the
// threshold, no status, no histogram of statements. What was counted once is missed for a week.
local record = import 'lib/record.libsonnet';
local series = import 'lib/slo_series.libsonnet';

function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);

  local fed(target) =
    if std.member(config.notMeasured, target.id) then 'vector(0)'
    else if std.member(target.requires, 'browser')
    then 'max(max_over_time(up{%s}[%s])) >= bool 0 or vector(0)' % [config.selectors.browser, time.duration('1d')]
    else if std.setInter(std.set(target.requires), ['application', 'statements']) != [] then
      'max(present_over_time(%(bad)s{%(of)s}[%(now)s]) or present_over_time(%(sampled)s{%(of)s}[%(week)s])) or vector(0)' % {
        bad: series.events_bad,
        sampled: series.sampled_bad,
        of: 'target="%s"' % target.id,
        now: time.duration('10m'),
        week: time.duration('7d'),
      }
    else 'vector(1)';

  {
    groups: [
      {
        name: 'slo.measured',
        interval: time.duration('1m'),
        rules: [
          record(series.measured, fed(target), {
            target: target.id,
            layer: target.layer,
            team: target.team,
            basis: target.basis,
            requires: std.join(', ', target.requires),
          })
          for target in targets.targets
        ],
      },
    ] + (
      if !config.milliseconds then [] else [{
        // Names and bucket edges are converted when they are scraped, a sum cannot be. At the pace of the scrapes: rates
        // over it need as many samples as over the others.
        name: 'application.milliseconds',
        interval: time.duration('15s'),
        rules: [record('http_server_request_duration_seconds_sum', 'http_server_request_duration_milliseconds_sum / 1000')],
      }]
    ),
  }
