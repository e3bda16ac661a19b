// PostgreSQL: does it serve the CRM, what hurts now, is it fast, and what will hurt tomorrow? A file a row in database/.
local board = import 'lib/board.libsonnet';
local variables = import 'lib/variables.libsonnet';

board.new(
  'database',
  'CRM database',
  'PostgreSQL: does it serve the CRM, what hurts now, is it fast, and what will hurt tomorrow?',
  [
    variables.many('database', 'Server', 'pg_up', 'instance', 'PostgreSQL servers, as named in settings.yaml.'),
    variables.many('datname', 'Database', 'pg_stat_database_numbackends{instance=~"$database", datname!~"|template[01]"}', 'datname', 'Databases of the chosen servers.'),
  ],
  [
    board.row('Status: does the database serve the CRM?', import 'database/health.libsonnet'),
    board.row('Problems: what hurts now?', import 'database/problems.libsonnet'),
    board.row('Performance: are statements fast, and which are not?', import 'database/performance.libsonnet'),
    board.row('Writing: disk, checkpoints, write-ahead log', import 'database/writing.libsonnet', collapsed=true),
    board.row('Maintenance: vacuum, indexes, growth', import 'database/upkeep.libsonnet', collapsed=true),
    board.row('Replicas and archive: are the copies good?', import 'database/copies.libsonnet', collapsed=true),
    board.row('What the monitoring cannot see', import 'database/seen.libsonnet', collapsed=true),
  ],
  alerts='alertname=~"Crm(Database|Db).+"',
)
