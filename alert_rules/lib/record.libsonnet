// A recording rule.
function(name, expr, labels={}) { record: name, expr: expr } + (if labels == {} then {} else { labels: labels })
