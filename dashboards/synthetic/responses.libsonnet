// Certificates, name resolution, responses, pages.
function(config)
  local alerts = config.alerts;
  local certificates = import '../lib/certificates.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;
  local yes_or_no = status.texts({ '0': ['no', 'text'], '1': ['yes', 'text'] });

  [
    panel.table(
      'Certificates, next to expire first',
      'When the verified chain expires, and the first certificate sent by the server: an expired one does no harm where the chain does not need it. Where nothing was verified, both show the latter. Below three weeks: automatic renewal has failed.',
      's',
      [
        panel.rows('min by (check) (%s) - time()' % certificates.expiry(queries.chosen)),
        panel.rows(queries.worst('probe_ssl_earliest_cert_expiry', of='min') + ' - time()'),
      ],
      'None of the chosen checks uses TLS.',
      [
        ['check', 'Check'],
        ['Value #A', 'Expires in', status.colored({ decimals: 1, thresholds: status.steps([[null, colors.hurt], [86400 * alerts.CrmSyntheticCertificateSoonExpired.days, colors.broken], [86400 * alerts.CrmSyntheticCertificateExpiring.days, colors.kept]]) })],
        ['Value #B', 'First sent expires in', { decimals: 1 }],
      ],
      'Expires in',
      width=8,
      descending=false,
    ),
    panel.table(
      'Domains, next to expire first',
      'When the domain of each check of kind `domain` expires, as its registry said last, and how old that is: it is asked once a day. Good: more than a month, and an answer of today. Not measured: a private name, or a registry that does not say. Below a month: look at the registrar.',
      's',
      [
        panel.rows('min by (check) (pantrywatch_domain_expiry_timestamp_seconds{%s}) - time()' % queries.chosen),
        panel.rows('time() - max by (check) (pantrywatch_domain_answer_timestamp_seconds{%s})' % queries.chosen),
        panel.rows(queries.worst('pantrywatch_domain_known', of='min')),
      ],
      'No chosen check has the kind domain: add one for each domain to settings.yaml (synthetic.checks).',
      [
        ['check', 'Check'],
        ['Value #A', 'Expires in', status.colored({ decimals: 1, thresholds: status.steps([[null, colors.hurt], [86400 * alerts.CrmSyntheticDomainSoonExpired.days, colors.broken], [86400 * alerts.CrmSyntheticDomainExpiring.days, colors.kept]]) })],
        ['Value #B', 'Answer is', { decimals: 1 }],
        ['Value #C', 'Measured', status.colored({ unit: 'none', decimals: 0, mappings: status.texts({ '0': ['not measured', colors.unknown], '1': ['yes', colors.kept] }) })],
      ],
      'Expires in',
      width=8,
      descending=false,
    ),
    panel.timeseries(
      'Name resolution time',
      "By the system's resolver. Seconds: the first name server does not respond.",
      's',
      [panel.query(queries.worst('probe_dns_lookup_time_seconds'), '{{check}}')],
      'None of the chosen checks resolves a name.',
    ),
    panel.table(
      'Last HTTP responses',
      'What the last run of each HTTP check received. A status other than 2xx, a body of another size than yesterday, one more redirect: check the latest deployment.',
      'none',
      [
        panel.rows(queries.worst('probe_http_status_code')),
        panel.rows(queries.worst('probe_http_uncompressed_body_length')),
        panel.rows(queries.worst('probe_http_redirects')),
        panel.rows(queries.worst('probe_http_ssl')),
        panel.rows(queries.worst('probe_failed_due_to_regex', more=', kind=~"http|journey"')),
      ],
      'None of the chosen checks uses HTTP.',
      [
        ['check', 'Check'],
        ['Value #A', 'Status', { decimals: 0 }],
        ['Value #B', 'Body', { unit: 'bytes', decimals: 1 }],
        ['Value #C', 'Redirects', { decimals: 0 }],
        ['Value #D', 'TLS', { decimals: 0, mappings: yes_or_no }],
        ['Value #E', 'Text', status.colored({ decimals: 0, mappings: status.texts({ '0': ['as expected', colors.kept], '1': ['unexpected', colors.hurt] }) })],
      ],
      'Status',
      width=8,
    ),
    panel.table(
      'Pages opened in a browser (lab)',
      'What the last load of each page in our own browser found. Back offline: it came back when it was reloaded without a network (`offline_reload`); good where users are to work offline, which needs a service worker. Unused: share of the code of its scripts and styles that the load did not use (`unused_code`); above half, load on demand what the first view does not need.',
      'none',
      [
        panel.rows(queries.worst('browser_page_service_worker', of='min')),
        panel.rows(queries.worst('browser_page_offline_reload', of='min')),
        panel.rows(queries.worst('browser_page_manifest', of='min')),
        panel.rows(queries.worst('browser_page_unused_code_ratio', more=', resource="script"')),
        panel.rows(queries.worst('browser_page_unused_code_ratio', more=', resource="stylesheet"')),
      ],
      'None of the chosen checks opens a page in a browser.',
      [
        ['check', 'Check', { 'custom.minWidth': 150 }],
        ['Value #A', 'Service worker', { decimals: 0, mappings: yes_or_no }],
        ['Value #B', 'Back offline', status.colored({ decimals: 0, mappings: status.texts({ '0': ['no', colors.broken], '1': ['yes', colors.kept] }) })],
        ['Value #C', 'Manifest', { decimals: 0, mappings: yes_or_no }],
        ['Value #D', 'Unused scripts', { unit: 'percentunit', decimals: 0 }],
        ['Value #E', 'Unused styles', { unit: 'percentunit', decimals: 0 }],
      ],
      'Unused scripts',
      width=16,
    ),
  ]
