// Every documented target, the worst first, and the alerts that fire.
function(config)
  local status = (import '../lib/status.libsonnet')(config);

  [
    status.promised(width=24, height=18),
    status.firing(width=24, height=7),
  ]
