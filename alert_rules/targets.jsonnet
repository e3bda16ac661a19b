// Everything that follows from targets.yaml: SLIs, budgets, burn-rate alerts, and what watches the measuring itself.
local document = std.parseYaml(importstr '../targets.yaml');

{ groups: (import 'lib/slo.libsonnet').groups(document) + (import 'lib/burn.libsonnet').groups(document) }
