// The check in detail.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  [
    panel.timeseries(
      'Time by phase (probe)',
      'Where the time of the last run went. resolve: name resolution; connect: network; tls: handshake; processing: the server works; transfer: the response arrives.',
      's',
      [panel.query('max by (phase) (probe_http_duration_seconds{%s})' % queries.check, '{{phase}}')],
      queries.unchecked,
    ) + panel.stacked,
    panel.timeseries(
      'Page size (probe)',
      'Bytes of the page the check fetched, uncompressed, without resources it loads. A sudden change: a deployment, or an error page.',
      'bytes',
      [panel.query('max by (check) (probe_http_uncompressed_body_length{%s})' % queries.check, '{{check}}')],
      queries.unchecked,
    ) + panel.decimals(1),
    panel.heatmap(
      'Run time distribution (probe)',
      'How many runs of the check took how long. Good: one dark band.',
      's',
      [panel.buckets('sum by (le) (increase(pantrywatch_check_duration_seconds_bucket{%s}[$__rate_interval]))' % queries.check)],
      queries.unchecked,
      width=8,
    ),
  ]
