// The front end: does the CRM open, how fast does the server hand it out, and what of its promises is measured?
local board = import 'lib/board.libsonnet';
local promise = import 'lib/promise.libsonnet';
local variables = import 'lib/variables.libsonnet';

// Where the application is down, nothing opens.
local runbooks = [target.runbook for target in promise.targets if target.layer == 'frontend'] + ['CrmApiDown'];

board.new(
  'frontend',
  'CRM front end',
  'The front end: does the CRM open for users, how fast does the server hand out its pages, and which promises are measured? What happens in the browsers of users is not measured yet; each promise says what it needs.',
  [
    variables.many('application', 'Instance', 'http_server_request_duration_seconds_count', 'instance', 'Instances of the application that hands out the pages.'),
  ],
  [
    board.row('Status: does the CRM open, and what is promised?', import 'frontend/health.libsonnet'),
    board.row('Problems: what fails on the way to a page?', import 'frontend/problems.libsonnet'),
    board.row("Performance: the server's part of what users wait for", import 'frontend/performance.libsonnet'),
    board.row('Page loads in our own browser (lab)', import 'frontend/lab.libsonnet'),
    board.row('The check in detail', import 'frontend/check.libsonnet', collapsed=true),
  ],
  alerts='alertname=~"%s"' % std.join('|', runbooks),
)
