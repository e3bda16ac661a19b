// A sum by labels (separated by commas, or none) in which each server counts once, also where the Go exporter watches it
// beside ours.
function(labels, expr, of='sum')
  local each = std.join(', ', [label for label in ['instance', labels] if label != '']);
  local by(op, labels, inner) = '%s by (%s) (%s)' % [op, labels, inner];
  local servers(labels) = by('max', labels, by(of, 'job, ' + labels, expr));
  if std.length(std.findSubstr('instance', labels)) > 0 then servers(labels)
  else if labels == '' then 'sum(%s)' % servers(each)
  else by('sum', labels, servers(each))
