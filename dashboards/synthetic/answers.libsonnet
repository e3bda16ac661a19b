// Certificates, names, answers.
local certificates = import '../lib/certificates.libsonnet';
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.table(
    'Certificates, the next to end first',
    'When the chain that was verified ends, and the first certificate of those the server sent: one that ended is no fault where the chain does without it. Where nothing was verified, both are the latter. Below three weeks: what should renew it has failed.',
    's',
    [
      panel.rows('min by (check) (%s) - time()' % certificates.ends(queries.chosen)),
      panel.rows(queries.worst('probe_ssl_earliest_cert_expiry', of='min') + ' - time()'),
    ],
    'No check of the chosen ones uses TLS.',
    [
      ['check', 'Check'],
      ['Value #A', 'Ends in', status.coloured({ decimals: 1, thresholds: status.steps([[null, colours.hurt], [7 * 86400, colours.broken], [21 * 86400, colours.kept]]) })],
      ['Value #B', 'First sent ends in', { decimals: 1 }],
    ],
    'Ends in',
    width=8,
    descending=false,
  ),
  panel.timeseries(
    'Time to resolve names',
    "By the system's resolver. Seconds: the first name server does not answer.",
    's',
    [panel.query(queries.worst('probe_dns_lookup_time_seconds'), '{{check}}')],
    'No check of the chosen ones resolves a name.',
  ),
  panel.table(
    'Last answers over HTTP',
    'What the last run of each HTTP check got. A status that is no 2xx, a body of another size than yesterday, a redirect more: what was deployed?',
    'none',
    [
      panel.rows(queries.worst('probe_http_status_code')),
      panel.rows(queries.worst('probe_http_uncompressed_body_length')),
      panel.rows(queries.worst('probe_http_redirects')),
      panel.rows(queries.worst('probe_http_ssl')),
      panel.rows(queries.worst('probe_failed_due_to_regex', more=', kind=~"http|journey"')),
    ],
    'No check of the chosen ones asks over HTTP.',
    [
      ['check', 'Check'],
      ['Value #A', 'Status', { decimals: 0 }],
      ['Value #B', 'Body', { unit: 'bytes', decimals: 1 }],
      ['Value #C', 'Redirects', { decimals: 0 }],
      ['Value #D', 'TLS', { decimals: 0, mappings: status.texts({ '0': ['no', 'text'], '1': ['yes', 'text'] }) }],
      ['Value #E', 'Text', status.coloured({ decimals: 0, mappings: status.texts({ '0': ['as expected', colours.kept], '1': ['other', colours.hurt] }) })],
    ],
    'Status',
    width=8,
  ),
]
