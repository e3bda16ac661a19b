// What the rows of the database's board ask for.
function(config)
  local once = import '../lib/once.libsonnet';
  local server = 'instance=~"$database"';
  local one = 'instance=~"$database", datname=~"$datname"';
  local statements = 'db_system_name="postgresql"';
  local table_labels = 'instance, datname, schemaname, relname';
  local rate(metric, labels, selector=one) = once(labels, 'rate(%s{%s}[$__rate_interval])' % [metric, selector]);

  // A statement's time on the server, from its moments.
  local moments(labels) = {
    calls: '(%s > 0)' % rate('pg_stat_statements_calls_total', labels),
    seconds: rate('pg_stat_statements_seconds_total', labels),
    squares: rate('pantrywatch_database_statement_seconds_squared_total', labels),
  };

  {
    // Selectors: the chosen servers; the chosen databases on them; the application's own histogram of its statements, which
    // does not know our server names, so that the choice of one does not narrow it.
    server:: server,
    one:: one,
    statements:: statements,

    // Why a panel is empty; in a small one there is room for two words.
    unanswered:: 'no response',
    silent:: 'No data: PostgreSQL or its exporter is down (see Server and Scrape errors).',
    blind:: ' Or the monitoring lacks a privilege (see Privileges).',
    unknown:: 'The application does not export a latency histogram of its statements, or runs none.',
    no_statements:: 'No statements: pg_stat_statements is not installed or not readable (see Privileges).',

    rate:: rate,
    // For numbers of now, whatever the time shown; none for a server that is down.
    recent(metric, labels):: once(labels, 'rate(%s{%s}[5m])' % [metric, one]),
    alive(expr):: '(%s) and on (instance) pg_up{%s} == 1' % [expr, server],
    // Over the time shown.
    grown(metric, labels, selector=one):: once(labels, 'increase(%s{%s}[$__range])' % [metric, selector]),
    // A part of a whole that is the part and the rest.
    share(part, rest, labels, of=rate)::
      '%(part)s / on (%(labels)s) (%(part)s + on (%(labels)s) %(rest)s > 0)'
      % { part: of(part, labels), rest: of(rest, labels), labels: labels },

    // Connections: what an ordinary role can have (the reserved ones are no use to the application), and what is used. The
    // second halves are for a server watched by postgres_exporter.
    usable:: |||
      (
        max by (instance) (pantrywatch_database_connections_limit{%(server)s})
          or on (instance) max by (instance) (pg_settings_max_connections{%(server)s})
            - on (instance) max by (instance) (pg_settings_superuser_reserved_connections{%(server)s})
            - on (instance) (
              max by (instance) (pg_settings_reserved_connections{%(server)s})
                or on (instance) 0 * max by (instance) (pg_settings_max_connections{%(server)s})
            )
      )
    ||| % { server: server },
    used:: |||
      (
        max by (instance) (pantrywatch_database_connections_used{%(server)s})
          or on (instance) max by (instance) (sum by (job, instance) (pg_stat_activity_count{%(server)s}))
      )
    ||| % { server: server },

    // Sessions by what they do: their time, by the time that samples cover.
    sessions_at_work:: |||
      sum by (state, wait_event_type) (
        max by (instance, state, wait_event_type) (
          sum by (job, instance, state, wait_event_type) (rate(pantrywatch_database_session_seconds_total{%s}[$__rate_interval]))
        )
          / on (instance) group_left ()
            (max by (instance) (rate(pantrywatch_query_sampled_seconds_total{query="session_time", %s}[$__rate_interval])) > 0)
      )
    ||| % [one, server],

    // Of the application's histogram; nothing, rather than NaN, where nothing ran.
    quantile(q)::
      'histogram_quantile(%s, sum by (le) (rate(db_client_operation_duration_seconds_bucket{%s}[$__rate_interval]))) >= 0'
      % [q, statements],
    // Estimated from pg_stat_statements.
    estimated(q):: 'histogram_quantile(%s, sum by (instance, le) (rate(pantrywatch_pg_statement_duration_seconds_bucket{%s}[$__rate_interval]))) >= 0' % [q, server],
    // Counted by pg_stat_monitor in its own ranges; each server has its own.
    counted(q):: 'histogram_quantile(%s, sum by (instance, le) (rate(pantrywatch_pg_stat_monitor_duration_seconds_bucket{%s}[$__rate_interval]))) >= 0' % [q, server],
    // Of pg_stat_statements: the mean, and what 95 % lie below whatever their distribution (Cantelli's inequality:
    // mean + sqrt(0.95 / 0.05) deviations).
    mean(labels):: '%(seconds)s / %(calls)s' % moments(labels),
    bound(labels):: |||
      %(seconds)s / %(calls)s
        + 4.36 * sqrt(clamp_min(%(squares)s / %(calls)s - (%(seconds)s / %(calls)s) ^ 2, 0))
    ||| % moments(labels),

    // Of tables.
    table_labels:: table_labels,
    table(metric):: 'max by (%s) (%s{%s})' % [table_labels, metric, one],
    table_columns:: [
      ['instance', 'Server', { 'custom.width': 90 }],
      ['datname', 'Database', { 'custom.width': 90 }],
      ['relname', 'Table', { 'custom.minWidth': 140 }],
    ],
  }
