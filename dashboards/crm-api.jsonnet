// The API: which endpoint, since when, whose fault? A file a row in api/.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local queries = (import 'api/queries.libsonnet')(config);
  local board = import 'lib/board.libsonnet';
  local variables = import 'lib/variables.libsonnet';

  board.new(
    'api',
    'CRM API',
    'The API by its own metrics (basis: traffic) and by checks (basis: probe): which endpoint, since when, whose fault?',
    [
      variables.many('application', 'Instance', 'http_server_request_duration_seconds_count', 'instance', 'Instances of the application.'),
      variables.many('route', 'Route', 'http_server_request_duration_seconds_count{instance=~"$application", %s}' % queries.api, 'http_route', 'Routes of the API, without health checks, pages and scrapes.'),
    ],
    [
      board.row('Status: can users work?', (import 'api/health.libsonnet')(config)),
      board.row('Problems: what fails, and for whom?', (import 'api/problems.libsonnet')(config)),
      board.row('Performance: which endpoint is slow, and where does the time go?', (import 'api/performance.libsonnet')(config)),
      board.row('Saturation: what is the application short of?', (import 'api/saturation.libsonnet')(config), collapsed=true),
      board.row('Third parties: whose fault?', (import 'api/partners.libsonnet')(config), collapsed=true),
      board.row('Access log: does it arrive, and is it understood?', (import 'api/access_log.libsonnet')(config), collapsed=true),
      board.row('Every route and status', (import 'api/routes.libsonnet')(config), collapsed=true),
    ],
    alerts='alertname=~"Crm(Api|Integration).+"',
  )
