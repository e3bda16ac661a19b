// The check in detail.
local panel = import '../lib/panel.libsonnet';
local queries = import 'queries.libsonnet';

[
  panel.timeseries(
    'Time by phase (probe)',
    'Where the time of the last run went. resolve: name server; connect: network; tls: handshake; processing: the server thinks; transfer: the answer comes.',
    's',
    [panel.query('max by (phase) (probe_http_duration_seconds{%s})' % queries.check, '{{phase}}')],
    queries.unchecked,
  ) + panel.stacked,
  panel.timeseries(
    'Size of the page (probe)',
    'Bytes of the page that the check fetched, unpacked, without what the page loads. A step: a deployment – or an error page.',
    'bytes',
    [panel.query('max by (check) (probe_http_uncompressed_body_length{%s})' % queries.check, '{{check}}')],
    queries.unchecked,
  ) + panel.decimals(1),
  panel.heatmap(
    'Time of runs, spread (probe)',
    'How many runs of the check took how long. Good: one dark band.',
    's',
    [panel.buckets('sum by (le) (increase(pantrywatch_check_duration_seconds_bucket{%s}[$__rate_interval]))' % queries.check)],
    queries.unchecked,
    width=8,
  ),
]
