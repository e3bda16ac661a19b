// What would count a target that is not promised yet: `entry` as in targets.yaml (`pantrywatch target try`).
function(entry)
  local targets = (import 'targets.libsonnet')();
  { total: targets.total(entry), bad: targets.bad(entry) }
