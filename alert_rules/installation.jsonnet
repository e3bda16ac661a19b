// Which targets are fed here: 1, or 0 for "not measured". `measured`: target id → true or false, from settings.yaml.
local document = std.parseYaml(importstr '../targets.yaml');

function(measured) {
  groups: [
    {
      name: 'slo.measured',
      interval: '1m',
      rules: [
        {
          record: 'slo:measured:bool',
          expr: 'vector(%d)' % (if measured[target.id] then 1 else 0),
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
