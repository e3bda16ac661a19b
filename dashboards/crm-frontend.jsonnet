// The front end: does the CRM open, how fast does the server hand it out, and what of its promises is measured?
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local board = import 'lib/board.libsonnet';
  local slo_targets = (import 'lib/slo_targets.libsonnet')(config);
  local variables = import 'lib/variables.libsonnet';

  // Where the application is down, nothing opens.
  local runbooks = [target.runbook for target in slo_targets.targets if target.layer == 'frontend'] + ['CrmApiDown'];

  board.new(
    'frontend',
    'CRM front end',
    'The front end: does the CRM open for users, how fast does the server deliver its pages, and which targets are measured? What happens in the browsers of users is not measured yet; each target says what it needs.',
    [
      variables.many('application', 'Instance', 'http_server_request_duration_seconds_count', 'instance', 'Instances of the application that serves the pages.'),
    ],
    [
      board.row('Status: does the CRM open, and are its targets met?', (import 'frontend/health.libsonnet')(config)),
      board.row('Problems: what fails on the way to a page?', (import 'frontend/problems.libsonnet')(config)),
      board.row("Performance: the server's share of the wait", (import 'frontend/performance.libsonnet')(config)),
      board.row('Page loads in our own browser (lab)', (import 'frontend/lab.libsonnet')(config)),
      board.row('The check in detail', (import 'frontend/check.libsonnet')(config), collapsed=true),
    ],
    alerts='alertname=~"%s"' % std.join('|', runbooks),
  )
