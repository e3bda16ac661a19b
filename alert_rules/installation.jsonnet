// Which targets are fed here: 1, or 0 for "not measured". `measured`: target id → true or false, from settings.yaml.
// A target of the part `browser` is fed where Prometheus has a browser's exporter to ask: it comes with a program that many
// machines lack, and in containers with a profile. One that vanishes is missed for a day (CrmTargetNoData).
local document = std.parseYaml(importstr '../targets.yaml');

local fed(target) =
  if std.member(target.requires, 'browser') then 'max(max_over_time(up{job="browser"}[1d])) >= bool 0 or vector(0)' else 'vector(1)';

function(measured) {
  groups: [
    {
      name: 'slo.measured',
      interval: '1m',
      rules: [
        {
          record: 'slo:measured:bool',
          expr: if measured[target.id] then fed(target) else 'vector(0)',
          labels: {
            target: target.id,
            layer: target.layer,
            team: target.team,
            basis: target.basis,
            requires: std.join(', ', target.requires),
          },
        }
        for target in document.targets
      ],
    },
  ],
}
