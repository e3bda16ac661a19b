// Does the database serve the CRM?
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.stat(
    'Server',
    'Whether each PostgreSQL server answered the last scrape with a session and a query. Good: up. Down: users can neither read nor save; the reason is in Scrape errors.',
    'none',
    [panel.now('min by (instance) (pg_up{%s})' % queries.server, '{{instance}}')],
    'exporter silent',
    width=3,
  ) + panel.decimals(0) + panel.texts({ '0': ['down', colours.hurt], '1': ['up', colours.kept] }) + panel.plain_stat,
  panel.stat(
    'Scrape errors',
    'Why something could not be read, in one word: refused, timeout, auth, permission, tls, dns, protocol, version, exhausted, internal; or that the exporter itself is down. Good: none. `pantrywatch-exporter check database` shows more.',
    'none',
    [panel.now('max by (class) (pantrywatch_collector_error{exporter="database", %(server)s} > 0 or label_replace(up{job="database", %(server)s} == 0, "class", "exporter down", "", ""))' % { server: queries.server }, '{{class}}')],
    'none',
    width=3,
  ) + panel.limits([[null, colours.broken]]) + panel.plain_stat + panel.names,
  panel.stat(
    'Role',
    'Primary or replica. A change is a failover: everything that writes must follow it.',
    'none',
    [panel.now('max by (instance) (pg_replication_is_replica{%s})' % queries.server, '{{instance}}')],
    queries.unanswered,
    width=3,
  ) + panel.decimals(0) + panel.texts({ '0': ['primary', 'text'], '1': ['replica', 'blue'] }) + panel.plain_stat,
  panel.stat(
    'Running for',
    'Time since the server started. Short where nobody restarted it: it crashed or was killed – read its log.',
    's',
    [panel.now('time() - min by (instance) (pg_postmaster_start_time_seconds{%s})' % queries.server, '{{instance}}')],
    queries.unanswered,
    width=3,
  ) + panel.decimals(1) + panel.plain_stat,
  panel.stat(
    'Connections',
    'Client connections against what an ordinary role can have (max_connections less the reserved ones). Good: below 80 %. Above: who holds them – Sessions by state below; at 100 % every page that needs the database fails.',
    'percentunit',
    [panel.now(queries.used + '/ on (instance) (' + queries.usable + '> 0)', '{{instance}}')],
    queries.unanswered,
    width=3,
    // As CrmDatabaseConnectionsNearLimit.
  ) + panel.ratio + panel.decimals(0) + panel.limits([[null, colours.kept], [0.8, colours.broken], [0.95, colours.hurt]]) + panel.plain_stat,
  panel.stat(
    'Transactions',
    'Commits and rollbacks a second, over the last five minutes. Compare with the API: far fewer than usual with users at work means that something is stuck.',
    'ops',
    [panel.now(queries.alive(queries.recent('pg_stat_database_xact_commit', 'instance') + ' + on (instance) ' + queries.recent('pg_stat_database_xact_rollback', 'instance')), '{{instance}}')],
    queries.unanswered,
    width=3,
  ) + panel.decimals(1) + panel.plain_stat,
  panel.stat(
    'In memory',
    'Share of blocks found in shared_buffers in the last five minutes. Good: above 95 % for a CRM. Falling: the data in use no longer fits – shared_buffers, or a statement that reads whole tables.',
    'percentunit',
    [panel.now(queries.alive(queries.share('pg_stat_database_blks_hit', 'pg_stat_database_blks_read', 'instance', queries.recent)), '{{instance}}')],
    queries.unanswered,
    width=3,
  ) + panel.ratio + panel.decimals(1) + panel.plain_stat,
  panel.stat(
    'Waiting for locks',
    'Sessions that wait for a lock another session holds. Good: 0, or a few for moments. They stay or grow: Blocking below shows how many hold them up, and whether those idle inside a transaction.',
    'none',
    [panel.now('max by (instance) (pantrywatch_database_lock_waiters{%s})' % queries.server, '{{instance}}')],
    queries.unanswered,
    width=3,
    // One may be chance; five are a queue.
  ) + panel.decimals(0) + panel.plain_stat + panel.limits([[null, colours.kept], [1, colours.near], [5, colours.broken]]),
  status.promised(['db-query-latency', 'db-error-rate', 'db-availability']),
  status.firing(['alertname=~"CrmDatabase.+"', 'target=~"db-.+"', 'alertname=~"CrmMonitoring.+", job="database"']),
  panel.states(
    'Server over time',
    'When each server answered and when not. A gap: the exporter itself was away.',
    [panel.query('min by (instance) (pg_up{%s})' % queries.server, '{{instance}}')],
    'Nothing is known: the exporter itself does not answer, or no database is watched.',
    width=24,
    height=4,
  ) + panel.texts({ '0': ['down', colours.hurt], '1': ['up', colours.kept] }),
]
