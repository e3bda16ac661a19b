// What the rows of the cache's board ask for.
function(config)
  local once = import '../lib/once.libsonnet';
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local server = 'instance=~"$cache"';

  local rate(metric, labels='instance', more='', range='$__rate_interval') =
    once(labels, 'rate(%s{%s%s}[%s])' % [metric, server, more, range]);

  {
    server:: server,
    // Commands that do the application's work: not those of exporters, checks and replicas.
    work:: ', cmd!~"info|ping|auth|hello|select|client.*|config.*|latency.*|slowlog.*|command.*|memory.*|acl.*|replconf|psync"',

    // Why a panel is empty; in a small one there is room for two words.
    unanswered:: 'no response',
    silent:: 'No data: the cache or its exporter is down (see Server and Scrape errors).',
    blind:: ' Or the monitoring lacks a privilege (see Privileges).',

    rate:: rate,
    by_command(metric, range='$__rate_interval'):: rate(metric, 'cmd', range=range),
    newest(metric, labels='instance'):: 'max by (%s) (%s{%s})' % [labels, metric, server],
    // None for a server that is down, whatever it did in the minutes before.
    alive(expr):: '(%s) and on (instance) redis_up{%s} == 1' % [expr, server],

    // Share of lookups that found their key.
    hits(labels='instance', range='$__rate_interval')::
      '%(hits)s / (%(hits)s + on (%(labels)s) %(misses)s > 0)' % {
        labels: labels,
        hits: rate('redis_keyspace_hits_total', labels, range=range),
        misses: rate('redis_keyspace_misses_total', labels, range=range),
      },

    // Used memory of its limit; -1 where there is none.
    filled:: |||
      %(used)s
        or on (instance) (max by (instance) (redis_memory_max_bytes{%(server)s}) == 0) - 1
    ||| % { used: std.stripChars(signals.cache.memory_used.expr(server), '\n'), server: server },

    // Of all commands of the application, or of each; microseconds in Redis' own histogram.
    quantile(q, labels='', more=self.work)::
      'histogram_quantile(%s, %s) / 1e6 >= 0' % [
        q,
        once(
          'le' + (if labels == '' then '' else ', ' + labels),
          'rate(redis_commands_latencies_usec_bucket{%s%s}[$__rate_interval])' % [server, more]
        ),
      ],
  }
