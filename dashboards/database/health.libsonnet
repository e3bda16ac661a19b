// Does the database serve the CRM?
function(config)
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local alerts = config.alerts;
  local percent = (import '../../alert_rules/lib/numbers.libsonnet').percent;
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.stat(
      'Server',
      'Whether each PostgreSQL server answered the last scrape with a session and a query. Good: up. Down: users can neither read nor save; Scrape errors says why.',
      'none',
      [panel.now('min by (instance) (pg_up{%s})' % queries.server, '{{instance}}')],
      'exporter down',
      width=3,
    ) + panel.decimals(0) + panel.texts({ '0': ['down', colors.hurt], '1': ['up', colors.kept] }) + panel.plain_stat,
    panel.stat(
      'Scrape errors',
      'Why something could not be read, as one error class: refused, timeout, auth, permission, tls, dns, protocol, version, exhausted, internal; or that the exporter itself is down. Good: none. `pantrywatch-exporter check database` shows more.',
      'none',
      [panel.now('max by (class) (pantrywatch_collector_error{exporter="database", %(server)s} > 0 or label_replace(up{%(job)s, %(server)s} == 0, "class", "exporter down", "", ""))' % { job: config.selectors.database, server: queries.server }, '{{class}}')],
      'none',
      width=3,
    ) + panel.limits([[null, colors.broken]]) + panel.plain_stat + panel.names,
    panel.stat(
      'Role',
      'Primary or replica. A change means a failover: everything that writes must follow.',
      'none',
      [panel.now('max by (instance) (pg_replication_is_replica{%s})' % queries.server, '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.decimals(0) + panel.texts({ '0': ['primary', 'text'], '1': ['replica', 'blue'] }) + panel.plain_stat,
    panel.stat(
      'Uptime',
      'Time since the server started. Short although nobody restarted it: it crashed or was killed. Check its log.',
      's',
      [panel.now('time() - min by (instance) (pg_postmaster_start_time_seconds{%s})' % queries.server, '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.decimals(1) + panel.plain_stat,
    panel.stat(
      signals.database.connections_used.title,
      'Client connections as a share of what an ordinary role can use (max_connections less the reserved ones). Good: below ' + percent(alerts.CrmDatabaseConnectionsNearLimit.share.high) + '. Above: check who holds them in Sessions by state below; at 100% every page that needs the database fails.',
      'percentunit',
      [panel.now(signals.database.connections_used.expr(queries.server), '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.ratio + panel.decimals(0) + panel.limits([[null, colors.kept], [alerts.CrmDatabaseConnectionsNearLimit.share.high, colors.broken], [alerts.CrmDatabaseConnectionsNearLimit.share.critical, colors.hurt]]) + panel.plain_stat,
    panel.stat(
      'Transactions',
      'Commits and rollbacks per second over the last five minutes. Compare with the API: far fewer than usual with users at work means that something is stuck.',
      'ops',
      [panel.now(queries.alive(queries.recent('pg_stat_database_xact_commit', 'instance') + ' + on (instance) ' + queries.recent('pg_stat_database_xact_rollback', 'instance')), '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.decimals(1) + panel.plain_stat,
    panel.stat(
      'Cache hit ratio',
      'Share of blocks found in shared_buffers in the last five minutes. Good: above 95% for a CRM. Falling: the working set no longer fits. Check shared_buffers, and for statements that read whole tables.',
      'percentunit',
      [panel.now(queries.alive(queries.share('pg_stat_database_blks_hit', 'pg_stat_database_blks_read', 'instance', queries.recent)), '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.ratio + panel.decimals(1) + panel.plain_stat,
    panel.stat(
      'Waiting for locks',
      'Sessions waiting for a lock that another session holds. Good: 0, or a few for moments. If they stay or grow, Blocking below shows how many sessions block them, and whether those are idle in transaction.',
      'none',
      [panel.now('max by (instance) (pantrywatch_database_lock_waiters{%s})' % queries.server, '{{instance}}')],
      queries.unanswered,
      width=3,
      // One may be chance; five are a queue.
    ) + panel.decimals(0) + panel.plain_stat + panel.limits([[null, colors.kept], [1, colors.near], [5, colors.broken]]),
    status.promised(['db-query-latency', 'db-error-rate', 'db-availability']),
    status.firing(['alertname=~"CrmDatabase.+"', 'target=~"db-.+"', 'alertname=~"CrmMonitoring.+", ' + config.selectors.database]),
    panel.states(
      'Server over time',
      'When each server was up and down. A gap: the exporter itself did not respond.',
      [panel.query('min by (instance) (pg_up{%s})' % queries.server, '{{instance}}')],
      'Unknown: the exporter does not respond, or no database is monitored.',
      width=24,
      height=4,
    ) + panel.texts({ '0': ['down', colors.hurt], '1': ['up', colors.kept] }),
  ]
