// A CRM instrumented with Node's prom-client exports other names than OpenTelemetry's, which all rules and boards use.
// Here, and nowhere else, the one becomes the other. A source that exports both is counted once: what it maps carries
// the label `mapped_from`, and is left out where the same source has the real thing.
local mappings = [
  {
    from: 'http_request_duration_seconds',
    to: 'http_server_request_duration_seconds',
    labels: { method: 'http_request_method', route: 'http_route', status_code: 'http_response_status_code' },
  },
  {
    from: 'database_query_duration_seconds',
    to: 'db_client_operation_duration_seconds',
    labels: { query_type: 'db_operation_name', table: 'db_collection_name' },
    constant: { db_system_name: 'postgresql' },
  },
];

// One series becomes one series: nothing is added up, so a restart of one process still shows as its reset.
local renamed(expr, mapping) = std.foldl(
  function(inner, old) 'label_replace(' + inner + ', "' + mapping.labels[old] + '", "$1", "' + old + '", "(.*)")',
  std.objectFields(mapping.labels),
  expr
);

local map(mapping, suffix) = {
  record: mapping.to + suffix,
  expr: 'sum without (' + std.join(', ', std.objectFields(mapping.labels)) + ') ('
        + renamed(mapping.from + suffix, mapping) + ') unless on (job, instance) '
        + mapping.to + suffix + '{mapped_from=""}',
  labels: { mapped_from: mapping.from } + (if 'constant' in mapping then mapping.constant else {}),
};

function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  {
    groups: [
      {
        // At the pace of the scrapes: rates over these need as many samples as over their originals.
        name: 'metric_aliases',
        interval: time.duration('15s'),
        rules: [map(mapping, suffix) for mapping in mappings for suffix in ['_bucket', '_count', '_sum']] + [
          {
            record: 'db_client_connection_count',
            expr: 'database_active_connections unless on (job, instance) db_client_connection_count{mapped_from=""}',
            labels: { db_client_connection_state: 'used', mapped_from: 'database_active_connections' },
          },
        ],
      },
    ],
  }
