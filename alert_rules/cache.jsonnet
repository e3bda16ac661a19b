// Redis or Valkey as a cache. The promised hit ratio is in targets.yaml. The names are redis_exporter's.
local numbers = import 'lib/numbers.libsonnet';
local signals = import 'lib/signals.libsonnet';
local decimal = numbers.decimal;
local percent = numbers.percent;

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local words = time.words;
  local last = time.last;
  local outage = (import 'lib/outage_texts.libsonnet')(config);
  local known = (import 'lib/known.libsonnet')(time, of_server=true);

  {
    groups: [
      {
        name: 'cache.outages',
        // More often than it is scraped: an outage is told within a minute (docs/notifications.md).
        interval: time.of_scrapes('5s'),
        rules: [
          // High, not critical: the application works without its cache, more slowly.
          alert('CrmCacheDown', 'high', function(limits) {
            waits_for: 'scrapes',
            component: 'cache',
            narrow_by: ['instance'],
            type: 'error',
            expr: 'max by (instance) (%s) == 0' % known.gauge('redis_up'),
            summary: 'Cache {{ $labels.instance }} is down' + outage.class_of('cache') + '.',
            description: 'The exporter has had no response for ' + words(limits['for']) + '.',
            impact: 'Every page queries the database instead: slower, with more load there.' + outage.felt,
          }),
        ],
      },
      {
        name: 'cache.alerts',
        rules: [
          alert('CrmCacheMemoryNearLimit', 'high', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            // Without a limit (0) there is none to be near. A policy allkeys-* lets the cache be full all the time, and
            // CrmCacheEvictions says when that hurts; with any other, writes may fail when it is full.
            expr: signals.cache.memory_used.expr(known=known.gauge) + '  > ' + decimal(limits.share)
                  + '\n  unless on (instance) max by (instance) (%s)\n' % known.gauge('redis_instance_info{maxmemory_policy=~"allkeys-.+"}'),
            summary: 'Cache {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit (limit ' + percent(limits.share) + ').',
            description: 'Once memory is full and nothing may be evicted, every write fails. First check for keys without an expiry, then maxmemory-policy.',
            impact: 'None yet. When memory is full, sessions and cached pages can no longer be saved.',
          }),
          alert('CrmCacheEvictions', 'medium', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            expr: |||
              max by (instance) (increase(redis_evicted_keys_total[%s]))
                > on (instance) %s * max by (instance) (sum by (job, instance) (%s))
            ||| % [duration(limits.range), decimal(limits.share), known.gauge('redis_db_keys')],
            summary: 'Cache {{ $labels.instance }} evicted {{ $value | humanize }} keys in the ' + last(limits.range) + ' (limit: ' + percent(limits.share) + ' of its keys).',
            description: 'Memory is too small for what the application caches. First check the hit ratio: if it is falling, raise maxmemory or cache less.',
            impact: 'More pages come from the database, more slowly.',
          }),
          alert('CrmCacheMostlyMissing', 'medium', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            expr: |||
              max by (instance) (rate(redis_keyspace_misses_total[%(range)s]))
                / on (instance) (
                  max by (instance) (rate(redis_keyspace_hits_total[%(range)s]))
                    + on (instance) max by (instance) (rate(redis_keyspace_misses_total[%(range)s])) > %(lookups)s
                )
                > %(share)s
            ||| % { range: duration(limits.range), lookups: decimal(limits.lookups), share: decimal(limits.share) },
            summary: 'Cache {{ $labels.instance }} misses {{ $value | humanizePercentage }} of lookups (limit ' + percent(limits.share) + ').',
            description: 'The miss ratio has been above the limit for ' + words(limits['for']) + '. First check what changed: a deployment with new key names, keys that expire at once, a recurring FLUSHALL.',
            impact: 'Pages come from the database, more slowly, and its load grows.',
          }),
          alert('CrmCacheConnectionsRejected', 'high', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            type: 'error',
            expr: 'max by (instance) (increase(redis_rejected_connections_total[%s])) > 0' % duration(limits.range),
            summary: 'Cache {{ $labels.instance }} rejected {{ $value | humanize }} connections in the ' + last(limits.range) + ' (limit 0).',
            description: 'maxclients or the open-files limit has been reached. First check which client holds so many connections.',
            impact: 'Some requests run without the cache, more slowly, or fail.',
          }),
          alert('CrmCacheClientsNearLimit', 'medium', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            expr: signals.cache.clients_used.expr(known=known.gauge) + '  > ' + decimal(limits.share) + '\n',
            summary: 'Cache {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its allowed connections (limit ' + percent(limits.share) + ').',
            description: 'First check which client holds them; a pool that leaks connections grows steadily.',
            impact: 'None yet. At 100% new connections are refused.',
          }),
          alert('CrmCachePersistenceFailing', 'high', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            type: 'error',
            // 1 also where this kind of persistence is off.
            expr: |||
              min by (instance) (%s) == 0
                or min by (instance) (%s) == 0
                or min by (instance) (%s) == 0
            ||| % [
              known.gauge('redis_rdb_last_bgsave_status'),
              known.gauge('redis_aof_last_write_status'),
              known.gauge('redis_aof_last_bgrewrite_status'),
            ],
            summary: 'Cache {{ $labels.instance }} cannot save its data to disk.',
            description: 'The last snapshot, append or rewrite failed: the disk is full or read-only, or there is too little memory for the fork. The server log says which.',
            impact: 'By default the server now refuses writes. A restart would lose everything not yet saved.',
          }),
          alert('CrmCacheReplicationDown', 'medium', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            type: 'error',
            // Seen from the replica. An initial synchronization counts as down.
            expr: 'min by (instance) (%s) == 0' % known.gauge('redis_master_link_up'),
            summary: 'Cache replica {{ $labels.instance }} has lost its primary.',
            description: 'It serves stale data, or none. First check whether the primary is up and the password is current.',
            impact: 'Reads from the replica are stale; after a failover the cache starts empty.',
          }),
          alert('CrmCacheReplicationLag', 'medium', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            // Port 0 is not a replica but a client that takes a copy (`redis-cli --rdb`, a backup): it never acknowledges.
            expr: 'max by (instance, slave_ip, slave_port) (%s) > %s' % [
              known.gauge('redis_connected_slave_lag_seconds{slave_port!="0"}'),
              decimal(limits.seconds),
            ],
            summary: 'Replica {{ $labels.slave_ip }}:{{ $labels.slave_port }} of cache {{ $labels.instance }} last responded {{ $value | humanizeDuration }} ago (limit ' + decimal(limits.seconds) + 's).',
            description: 'The network is congested or the replica is busy. First check for slow commands on the replica.',
            impact: 'Reads from the replica are stale; a failover would lose the newest keys.',
          }),
          alert('CrmCacheFragmented', 'low', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            expr: |||
              max by (instance) (%s) > %s
                and on (instance) max by (instance) (%s) > %d * 1024 * 1024
            ||| % [
              known.gauge('redis_mem_fragmentation_ratio'),
              decimal(limits.ratio),
              known.gauge('redis_mem_fragmentation_bytes'),
              limits.mebibytes,
            ],
            summary: 'Cache {{ $labels.instance }} occupies {{ $value | humanize }} times the memory its data needs (limit ' + decimal(limits.ratio) + ').',
            description: 'Freed memory is fragmented and not returned to the system. Active defragmentation or a restart returns it.',
            impact: 'None, unless the machine runs short of memory.',
          }),
          alert('CrmCacheSlowCommands', 'low', function(limits) {
            component: 'cache',
            narrow_by: ['instance'],
            // changes(): a reset of the log counts as one, not as all of its entries.
            expr: 'max by (instance) (changes(redis_slowlog_last_id[%s])) >= %d' % [duration(limits.range), limits.scrapes],
            summary: 'Cache {{ $labels.instance }} logged new slow commands at {{ $value }} scrapes in the ' + last(limits.range) + ' (limit ' + limits.scrapes + ').',
            description: 'Commands run one at a time, so a slow one delays all others. First check the slow log for commands over many keys.',
            impact: 'Pages that use the cache are slow now and then.',
          }),
        ],
      },
    ],
  }
