// Redis or Valkey: does the cache spare the database its work, and if not, why? A file a row in cache/.
local board = import 'lib/board.libsonnet';
local variables = import 'lib/variables.libsonnet';

board.new(
  'cache',
  'CRM cache',
  'Redis or Valkey: does the cache spare the database its work, and if not, why not?',
  [
    variables.many('cache', 'Server', 'redis_up', 'instance', 'Redis or Valkey servers, as named in settings.yaml.'),
  ],
  [
    board.row('Status: does the cache do its work?', import 'cache/health.libsonnet'),
    board.row('Problems: why are look-ups missed, and what is refused?', import 'cache/problems.libsonnet'),
    board.row('Performance: is it fast?', import 'cache/performance.libsonnet'),
    board.row('Memory and clients', import 'cache/memory.libsonnet', collapsed=true),
    board.row('Persistence and replication: would a restart lose something?', import 'cache/copies.libsonnet', collapsed=true),
    board.row('What the monitoring cannot see', import 'cache/seen.libsonnet', collapsed=true),
  ],
  alerts='alertname=~"CrmCache.+"',
)
