// How long until something is full, and how much of what is proven is in use.
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local headroom = (import '../lib/headroom.libsonnet')(config);
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);

  [
    headroom.days_to_full + panel.size(12, 8),
    headroom.in_use + panel.size(8, 8),
    panel.stat(
      'Throughput used (traffic)',
      'The busiest server, as a share of the target for one server. ' + slo_targets.words('api-throughput') + ' Good: below 80%. Only a capacity run proves that a server can sustain the target.',
      'percentunit',
      [panel.query('max(' + series.capacity_use + ')')],
      'No requests, or not scraped',
    ) + panel.size(4, 8) + slo_targets.capacity_use('api-throughput'),
  ]
