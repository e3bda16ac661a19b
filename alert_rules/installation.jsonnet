// Which targets are fed here: 1, or 0 for "not measured" (`notMeasured`, from settings.yaml).
// A target of the part `browser` is fed where Prometheus has a browser's exporter to scrape: it comes with a program that
// many machines lack, and in containers with a profile. One that vanishes is missed for a day (CrmTargetNoData).
local record = import 'lib/record.libsonnet';
local series = import 'lib/slo_series.libsonnet';

function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);

  local fed(target) =
    if std.member(config.notMeasured, target.id) then 'vector(0)'
    else if std.member(target.requires, 'browser')
    then 'max(max_over_time(up{%s}[%s])) >= bool 0 or vector(0)' % [config.selectors.browser, time.duration('1d')]
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
    ],
  }
