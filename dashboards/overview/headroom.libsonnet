// How long until something is full, and how much of what is proven is in use.
local headroom = import '../lib/headroom.libsonnet';
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';

[
  headroom.days_to_full + panel.size(12, 8),
  headroom.in_use + panel.size(8, 8),
  panel.stat(
    'Promised throughput in use (traffic)',
    'The busiest server beside the throughput that is promised for one. ' + promise.words('api-throughput') + ' Good: below 80 %. Whether a server holds that much is proven by a capacity run only.',
    'percentunit',
    [panel.query('max(slo:capacity_use:ratio)')],
    'No request, or not scraped',
  ) + panel.size(4, 8) + promise.capacity_use('api-throughput'),
]
