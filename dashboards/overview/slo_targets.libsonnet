// Every documented target, the worst first, and the alerts that fire.
function(config)
  local status = (import '../lib/status.libsonnet')(config);

  [
    status.promised(width=15, height=20),
    status.firing(width=9, height=20),
  ]
