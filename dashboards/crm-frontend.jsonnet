// The front end: does the CRM open, what do users' browsers report, and what of its promises is measured?
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local burden = (import 'frontend/burden.libsonnet')(config);
  local field = (import 'frontend/field.libsonnet')(config);
  local board = import 'lib/board.libsonnet';
  local slo_targets = (import 'lib/slo_targets.libsonnet')(config);
  local variables = import 'lib/variables.libsonnet';

  // Where the application is down, nothing opens.
  local runbooks = [target.runbook for target in slo_targets.targets if target.layer == 'frontend'] + ['CrmFrontendDown', 'CrmApiDown'];

  board.new(
    'frontend',
    'CRM front end',
    "The front end: does the CRM open for users, how fast does the server deliver its pages, which targets are measured, and what do users' browsers report?",
    [
      variables.many('route', 'Route', 'browser_ttfb_seconds_count{source="field"}', 'route', 'Routes that users loaded.'),
      variables.many('device', 'Device', 'browser_ttfb_seconds_count{source="field"}', 'device', "Classes of users' devices."),
      variables.many('connection', 'Connection', 'browser_ttfb_seconds_count{source="field"}', 'connection', "Effective types of users' connections."),
      variables.many('application', 'Instance', 'http_server_request_duration_seconds_count', 'instance', 'Instances of the application that serves the pages.'),
    ],
    [
      board.row('Status: does the CRM open, and are its targets met?', (import 'frontend/health.libsonnet')(config)),
      board.row('Problems: what fails on the way to a page?', (import 'frontend/problems.libsonnet')(config)),
      board.row('Page loads of users (field)', field.loads),
      board.row('Changes of route, searches, forms of users (field)', field.work),
      board.row('Errors, blocking and weight in the browsers of users (field)', burden.burden),
      board.row('What counted, and what did not (field)', burden.beacons, collapsed=true),
      board.row("Performance: the server's share of the wait", (import 'frontend/performance.libsonnet')(config)),
      board.row('Page loads in our own browser (lab)', (import 'frontend/lab.libsonnet')(config)),
      board.row('The check in detail', (import 'frontend/check.libsonnet')(config), collapsed=true),
    ],
    alerts='alertname=~"%s"' % std.join('|', runbooks),
  )
