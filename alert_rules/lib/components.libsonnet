// Component of an alert → the layer it belongs to, the team that owns it, the board that shows it (components.yaml), and
// which label of an alert fills which variable of that board.
local alert_components = std.parseYaml(importstr '../../components.yaml').alert_components;

local variables = {
  'crm-api': { instance: 'application', http_route: 'route' },
  'crm-cache': { instance: 'cache' },
  'crm-database': { instance: 'database', datname: 'datname' },
  'crm-infrastructure': { instance: 'host' },
  'crm-synthetic': { check: 'check', kind: 'kind' },
};

// The instance of an alert about the network is the exporter that checks, not a host.
local unnarrowed = ['network'];

{
  [name]: alert_components[name] {
    variables: if !std.member(unnarrowed, name) && alert_components[name].board in variables then variables[alert_components[name].board] else {},
  }
  for name in std.objectFields(alert_components)
}
