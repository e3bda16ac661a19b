// Every route and status.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  [
    panel.table(
      'Responses by route and status',
      'Over the time range shown, most requests first. Find out what fails for whom: 4xx are refused, 5xx are failed requests.',
      'short',
      [panel.rows(queries.count('http_request_method, http_route, http_response_status_code') + ' > 0.5')],
      queries.silent,
      [
        ['http_request_method', 'Method', { 'custom.width': 90 }],
        ['http_route', 'Route', { 'custom.minWidth': 240 }],
        ['http_response_status_code', 'Status', { 'custom.width': 90 }],
        ['Value', 'Requests', { unit: 'none', decimals: 0, 'custom.width': 110 }],
      ],
      'Requests',
      width=24,
      height=10,
    ),
  ]
