// PostgreSQL: does it serve the CRM, what hurts now, is it fast, and what will hurt tomorrow? A file a row in database/.
function(config=(import '../alert_rules/config.libsonnet').defaults)
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
      board.row('Status: does the database serve the CRM?', (import 'database/health.libsonnet')(config)),
      board.row('Problems: what hurts now?', (import 'database/problems.libsonnet')(config)),
      board.row('Errors: which statements fail?', (import 'database/errors.libsonnet')(config), collapsed=true),
      board.row('Performance: which statements are slow?', (import 'database/performance.libsonnet')(config)),
      board.row('Pools: do clients of PgBouncer wait?', (import 'database/pools.libsonnet')(config), collapsed=true),
      board.row('Writing: disk, checkpoints, write-ahead log', (import 'database/writing.libsonnet')(config), collapsed=true),
      board.row('Maintenance: vacuum, indexes, growth', (import 'database/maintenance.libsonnet')(config), collapsed=true),
      board.row('Replication and archive: are they healthy?', (import 'database/replication.libsonnet')(config), collapsed=true),
      board.row('Blind spots: missing privileges', (import 'database/visibility.libsonnet')(config), collapsed=true),
    ],
    alerts='alertname=~"Crm(Database|Db).+"',
  )
