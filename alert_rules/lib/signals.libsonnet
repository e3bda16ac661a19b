// What alerts and panels both show: one record a signal, so that both use the same formula.
//
//   title, unit    as a panel shows it
//   type           gauge, or ratio (0 to 1)
//   expr           PromQL, one series an `instance` and what tells its parts apart. `selector` narrows every metric of it,
//                  as a board's variables do; `range` is that of its rates; `known` reads a gauge (known.libsonnet in alerts).
local braces(selector) = if selector == '' then '' else '{' + selector + '}';
local more(selector) = if selector == '' then '' else selector + ', ';
local as_it_is(selector) = selector;

{
  database: {
    // Are we running out of connections? Of those an ordinary role can use: reserved ones do not help the application.
    // The second halves are for a server watched by postgres_exporter; reserved_connections is new in PostgreSQL 16.
    connections_used: {
      title: 'Connections in use',
      unit: 'percentunit',
      type: 'ratio',
      expr(selector='', known=as_it_is):: |||
        (
          max by (instance) (%(used)s)
            / on (instance) (max by (instance) (%(limit)s) > 0)
        ) or on (instance) max by (instance) (%(sessions)s) / on (instance) (
          max by (instance) (%(most)s)
            - on (instance) max by (instance) (%(superuser)s)
            - on (instance) (
              max by (instance) (%(reserved)s)
                or on (instance) 0 * max by (instance) (%(most)s)
            ) > 0
        )
      ||| % {
        local s = braces(selector),
        // What was known counts where no session is exported at all: those of a state or user that ended are no more.
        local sessions = 'pg_stat_activity_count' + s,
        sessions: std.join(' or ', ['sum by (job, instance) (%s)' % one for one in [sessions] + (if known(sessions) == sessions then [] else [known(sessions)])]),
        most: known('pg_settings_max_connections' + s),
        superuser: known('pg_settings_superuser_reserved_connections' + s),
        reserved: known('pg_settings_reserved_connections' + s),
        used: known('pantrywatch_database_connections_used' + s),
        limit: known('pantrywatch_database_connections_limit' + s),
      },
    },
  },

  cache: {
    // Is the cache full? Nothing where no limit is set.
    memory_used: {
      title: 'Memory in use',
      unit: 'percentunit',
      type: 'ratio',
      expr(selector='', known=as_it_is):: |||
        max by (instance) (%s)
          / on (instance) (max by (instance) (%s) > 0)
      ||| % [known('redis_memory_used_bytes' + braces(selector)), known('redis_memory_max_bytes' + braces(selector))],
    },

    // Will it soon reject clients?
    clients_used: {
      title: 'Clients',
      unit: 'percentunit',
      type: 'ratio',
      expr(selector='', known=as_it_is):: |||
        max by (instance) (%s)
          / on (instance) (max by (instance) (%s) > 0)
      ||| % [known('redis_connected_clients' + braces(selector)), known('redis_config_maxclients' + braces(selector))],
    },
  },

  host: {
    // Are the CPUs busy? That alone harms nobody: see who waits.
    cpu_busy: {
      title: 'CPU busy by host',
      unit: 'percentunit',
      type: 'ratio',
      expr(selector='', range='5m'):: |||
        sum by (job, instance) (rate(node_cpu_seconds_total{%(more)smode!~"idle|iowait"}[%(range)s]))
          / (sum by (job, instance) (rate(node_cpu_seconds_total%(s)s[%(range)s])) > 0)
      ||| % { s: braces(selector), more: more(selector), range: range },
    },

    // How much memory can programs still use? Caches that can be dropped count as available.
    memory_available: {
      title: 'Memory available',
      unit: 'percentunit',
      type: 'ratio',
      expr(selector='', known=as_it_is)::
        '%s / on (job, instance) (%s > 0)'
        % [known('node_memory_MemAvailable_bytes' + braces(selector)), known('node_memory_MemTotal_bytes' + braces(selector))],
    },

    // Can the machine still open files and connections?
    file_descriptors_used: {
      title: 'Open files',
      unit: 'percentunit',
      type: 'ratio',
      expr(selector='', known=as_it_is)::
        '%s / on (job, instance) (%s > 0)'
        % [known('node_filefd_allocated' + braces(selector)), known('node_filefd_maximum' + braces(selector))],
    },

    // Is the clock right? Compared with that of Prometheus; includes the time of the scrape.
    clock_offset: {
      title: 'Clock offset',
      unit: 's',
      type: 'gauge',
      expr(selector='')::
        'node_time_seconds%(s)s - on (job, instance) timestamp(node_time_seconds%(s)s)' % { s: braces(selector) },
    },

    // Is the container held back by its CPU limit?
    container_throttled: {
      title: 'Throttled periods',
      unit: 'percentunit',
      type: 'ratio',
      expr(selector='', range='5m'):: |||
        rate(pantrywatch_container_cpu_throttled_periods_total%(s)s[%(range)s])
          / on (job, instance) (rate(pantrywatch_container_cpu_periods_total%(s)s[%(range)s]) > 0)
      ||| % { s: braces(selector), range: range },
    },
  },
  network: {
    // On how many connects is a packet lost? A refused one has its answer.
    loss: {
      title: 'Connects with packet loss',
      unit: 'percentunit',
      type: 'ratio',
      local per = 'job, instance, check, dependency',
      lost(selector='', range='5m')::
        'sum by (%s) (increase(pantrywatch_check_connects_lossy_total%s[%s]))' % [per, braces(selector), range],
      expr(selector='', range='5m'):: |||
        %(lost)s
          / on (%(per)s) (sum by (%(per)s) (increase(pantrywatch_check_connects_total%(s)s[%(range)s])) > 0)
      ||| % { s: braces(selector), per: per, range: range, lost: $.network.loss.lost(selector, range) },
    },
  },
}
