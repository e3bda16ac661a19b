// Every route and status.
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.table(
    'Answers by route and status',
    'Over the time shown, most requests first. To find what fails for whom: 4xx are refused, 5xx are failed requests.',
    'short',
    [panel.rows(queries.count('http_request_method, http_route, http_response_status_code') + ' > 0.5')],
    queries.silent,
    [
      ['http_request_method', 'Method', { 'custom.width': 90 }],
      ['http_route', 'Route', { 'custom.minWidth': 240 }],
      ['http_response_status_code', 'Status', status.coloured({
        'custom.width': 90,
        mappings: [
          { type: 'regex', options: { pattern: '5..', result: { color: colours.hurt, index: 0 } } },
          { type: 'regex', options: { pattern: '4..', result: { color: colours.broken, index: 1 } } },
        ],
      })],
      ['Value', 'Requests', { decimals: 0, 'custom.width': 110 }],
    ],
    'Requests',
    width=24,
    height=10,
  ),
]
