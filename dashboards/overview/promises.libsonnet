// Every documented target, the worst first, and the alerts that fire.
local status = import '../lib/status.libsonnet';

[
  status.promised(width=14, height=20),
  status.firing(width=10, height=20),
]
