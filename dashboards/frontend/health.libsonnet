// Does the CRM open, and what is promised?
local certificates = import '../lib/certificates.libsonnet';
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

local all = [target.id for target in promise.targets if target.layer == 'frontend'];

[
  panel.stat(
    'The CRM opens (probe)',
    'The last run of the checks that open the front end as a user does. ' + promise.words('frontend-availability') + ' Fails: nobody can open it; the class of error is in Failures.',
    'none',
    [panel.now('min by (check) (probe_success{%s})' % queries.check, '{{check}}')],
    'no check opens it',
  ) + panel.decimals(0) + panel.texts({ '0': ['fails', colours.hurt], '1': ['passes', colours.kept] }) + panel.plain_stat + panel.to_board('synthetic', 'All checks'),
  panel.stat(
    'Time to fetch it (probe)',
    'Time of the last run of the check: one page, fetched without a browser, the way from here included. It is no page load: nothing is drawn.',
    's',
    [panel.now('max by (check) (probe_duration_seconds{%s})' % queries.check, '{{check}}')],
    'no check opens it',
  ) + panel.decimals(1) + panel.plain_stat,
  panel.stat(
    'Pages handed out',
    'Requests for pages, scripts and styles a second, over the last five minutes. 0 with users at work: they have it open, or cannot reach us.',
    'reqps',
    [panel.now(queries.count(queries.pages, range='5m'))],
    'no pages seen here',
  ) + panel.plain_stat,
  panel.stat(
    'Handed out in, p95 (traffic)',
    "95 of 100 requests for pages, scripts and styles in the last five minutes took less, in the application. It is the server's part of the time to first byte; the network is not in it.",
    's',
    [panel.now(queries.quantile('0.95', queries.pages, range='5m'))],
    'no pages seen here',
  ) + panel.decimals(1) + panel.plain_stat,
  panel.stat(
    'Promises measured',
    'How many of the promises of the front end this installation measures, and of how many. The others are shown as not measured below, with what they need: never as kept.',
    'none',
    [
      panel.now('count(slo:measured:bool{layer="frontend"} == 1) or 0 * count(slo:measured:bool{layer="frontend"})', 'measured'),
      panel.now('count(slo:measured:bool{layer="frontend"})', 'of'),
    ],
    'no rule has run yet',
  ) + panel.decimals(0) + panel.plain_stat + panel.to_board('targets', 'All promises'),
  panel.stat(
    'Certificate ends in',
    'Time until the certificate chain of the front end ends, as verified. What renews itself does so 30 days before: below three weeks it has failed to.',
    's',
    [panel.now('min(%s) - time()' % certificates.ends(queries.check))],
    'no check uses TLS',
    // As CrmSyntheticCertificateExpiring and CrmSyntheticCertificateSoonExpired.
  ) + panel.decimals(1) + panel.limits([[null, colours.hurt], [7 * 86400, colours.broken], [21 * 86400, colours.kept]]) + panel.plain_stat,
  status.promised(all, width=24, height=14, fed=true),
  panel.states(
    'The CRM opens, over time (probe)',
    'When the checks that open the front end passed and failed. A gap: they did not run.',
    [panel.query('min by (check) (probe_success{%s})' % queries.check, '{{check}}')],
    queries.unchecked,
    width=15,
    height=5,
  ) + panel.texts({ '0': ['fails', colours.hurt], '1': ['passes', colours.kept] }),
  status.firing(['target=~"%s"' % std.join('|', all)], height=5),
]
