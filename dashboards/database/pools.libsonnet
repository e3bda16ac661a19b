// Do clients wait for a connection of a PgBouncer? Its instances are targets of their own, so that Server does not narrow them.
function(config)
  local alerts = config.alerts;
  local panel = import '../lib/panel.libsonnet';
  local colors = panel.colors;
  local none = 'No data: no PgBouncer is monitored (`pgbouncer: true` in settings.yaml), or it is down.';
  // Not its admin console.
  local pools = 'database!="pgbouncer"';
  local total(what) =
    'sum by (instance, database) (max by (instance, database, user) (pgbouncer_pools_%s_connections{%s}))' % [what, pools];

  [
    panel.states(
      'PgBouncer up',
      'Whether the admin console of each PgBouncer answered. Good: up. Down: nothing that connects through it reaches the database; Scrape errors says why.',
      [panel.query('min by (instance) (pgbouncer_up)', '{{instance}}')],
      'No data: no PgBouncer is monitored (`pgbouncer: true` in settings.yaml).',
    ) + panel.texts({ '0': ['down', colors.hurt], '1': ['up', colors.kept] }),
    panel.timeseries(
      'Connections to the server',
      'Server connections of each pool that can serve a client: in use, idle, or about to be checked. Good: above 0 while clients wait. At 0 with waiting clients: the server refuses PgBouncer or does not answer it, or the database is paused: check its log.',
      'short',
      [panel.query(
        std.join('\n  + ', [total('server_' + state) for state in ['active', 'idle', 'used', 'testing']]),
        '{{instance}} {{database}}'
      )],
      none,
      width=12,
    ) + panel.decimals(0),
    panel.timeseries(
      'Longest wait for a connection',
      'How long the client that has waited longest has waited for a server connection. Good: 0. Above %g s: the pool is too small, or its connections are held too long: check Pool use, then Oldest transaction.' % alerts.CrmDatabasePoolWait.seconds,
      's',
      [panel.query('max by (instance, database) (pgbouncer_pools_client_maxwait_seconds{%s})' % pools, '{{instance}} {{database}}')],
      none,
    ) + panel.limits([[null, colors.kept], [alerts.CrmDatabasePoolWait.seconds, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Waiting clients',
      'Clients that wait for a server connection. Good: 0, or a few for moments. Staying above 0: the pool is too small, or the server does not let PgBouncer in: check its log.',
      'short',
      [panel.query(total('client_waiting'), '{{instance}} {{database}}')],
      none,
    ) + panel.decimals(0),
    panel.timeseries(
      'Pool use',
      'Server connections in use as a share of the size of the pool, by database and role. Good: below 80%. At 100% the next client waits.',
      'percentunit',
      [panel.query(
        |||
          max by (instance, database, user) (pgbouncer_pools_server_active_connections{%s})
            / on (instance, database) group_left ()
              (max by (instance, database) (label_replace(pgbouncer_databases_pool_size, "database", "$1", "name", "(.*)")) > 0)
        ||| % pools,
        '{{instance}} {{database}} {{user}}'
      )],
      none,
    ) + panel.ratio + panel.decimals(0),
    panel.timeseries(
      'Wait per transaction',
      'Time a transaction waited for a server connection, on average. Good: below a millisecond. It is part of what users wait for and of no statement.',
      's',
      [panel.query(
        |||
          max by (instance, database) (rate(pgbouncer_stats_client_wait_seconds_total{%(pools)s}[$__rate_interval]))
            / on (instance, database)
              (max by (instance, database) (rate(pgbouncer_stats_sql_transactions_pooled_total{%(pools)s}[$__rate_interval])) > 0)
        ||| % { pools: pools },
        '{{instance}} {{database}}'
      )],
      none + ' Or there were no transactions.',
      width=12,
    ),
    panel.timeseries(
      'Clients vs. limit',
      'Client connections of each PgBouncer, and the most it accepts (max_client_conn). Good: well below the line. At the line new clients are refused.',
      'short',
      [
        panel.query('max by (instance) (pgbouncer_used_clients)', '{{instance}} used'),
        panel.query('max by (instance) (pgbouncer_config_max_client_connections)', '{{instance}} limit'),
      ],
      none,
      width=12,
    ) + panel.decimals(0) + panel.limit_series('limit'),
  ]
