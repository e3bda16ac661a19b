// Redis or Valkey: does the cache spare the database its work, and if not, why? A file a row in cache/.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  local board = import 'lib/board.libsonnet';
  local variables = import 'lib/variables.libsonnet';

  board.new(
    'cache',
    'CRM cache',
    'Redis or Valkey: does the cache take load off the database, and if not, why not?',
    [
      variables.many('cache', 'Server', 'redis_up', 'instance', 'Redis or Valkey servers, as named in settings.yaml.'),
    ],
    [
      board.row('Status: is the cache doing its job?', (import 'cache/health.libsonnet')(config)),
      board.row('Problems: why do lookups miss, and what is rejected?', (import 'cache/problems.libsonnet')(config)),
      board.row('Performance: is it fast?', (import 'cache/performance.libsonnet')(config)),
      board.row('Keys: what takes the memory?', (import 'cache/keys.libsonnet')(config), collapsed=true),
      board.row('Memory and clients', (import 'cache/memory.libsonnet')(config), collapsed=true),
      board.row('Persistence and replication: would a restart lose data?', (import 'cache/replication.libsonnet')(config), collapsed=true),
      board.row('Blind spots: missing privileges', (import 'cache/visibility.libsonnet')(config), collapsed=true),
    ],
    alerts='alertname=~"CrmCache.+"',
  )
