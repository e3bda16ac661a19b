// Redis or Valkey as a cache. The promised hit ratio is in targets.yaml. The names are redis_exporter's.
local alert = (import 'lib/alert.libsonnet').alert;

{
  groups: [
    {
      name: 'cache.alerts',
      rules: [
        alert(
          'CrmCacheDown',
          // The application goes on without its cache, more slowly.
          'high',
          'cache',
          'max by (instance) (redis_up) == 0',
          // Four scrapes: a restart takes less.
          '1m',
          'Cache {{ $labels.instance }} does not answer.',
          'The exporter has had no answer for a minute. The label class of pantrywatch_collector_error says why: refused, timeout, auth …',
          'Every page asks the database instead: slower, and more load there.',
          'error',
        ),
        alert(
          'CrmCacheMemoryNearLimit',
          'high',
          'cache',
          // Where no limit is set (0) there is none to be near. A policy allkeys-* lets the cache be full all the time,
          // and CrmCacheEvictions says when that hurts; with any other, writes may fail when it is full.
          |||
            max by (instance) (redis_memory_used_bytes)
              / on (instance) (max by (instance) (redis_memory_max_bytes) > 0)
              > 0.9
              unless on (instance) max by (instance) (redis_instance_info{maxmemory_policy=~"allkeys-.+"})
          |||,
          '5m',
          'Cache {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit (limit 90 %).',
          'When it is full and nothing may be evicted, every write fails. Look first for keys without a time to live, and at maxmemory-policy.',
          'Sessions and cached pages can no longer be saved once it is full.',
        ),
        alert(
          'CrmCacheEvictions',
          'medium',
          'cache',
          // A full cache always evicts a little. A tenth of its keys in 15 minutes: they do not live long enough to be
          // read again.
          |||
            sum by (instance) (increase(redis_evicted_keys_total[15m]))
              > on (instance) 0.1 * sum by (instance) (redis_db_keys)
          |||,
          // Longer than one import or warm-up.
          '15m',
          'Cache {{ $labels.instance }} evicted {{ $value | humanize }} keys within 15 minutes (limit a tenth of its keys).',
          'There is no room for what the application wants to keep. Look first at the hit ratio: if it falls, raise maxmemory or store less.',
          'Pages come from the database more often, and more slowly.',
        ),
        alert(
          'CrmCacheMostlyMissing',
          'medium',
          'cache',
          // Half: far from any promise, which only says so after hours. One lookup a second: a quiet night has few.
          |||
            sum by (instance) (rate(redis_keyspace_misses_total[5m]))
              / on (instance) (
                sum by (instance) (rate(redis_keyspace_hits_total[5m]))
                  + on (instance) sum by (instance) (rate(redis_keyspace_misses_total[5m])) > 1
              )
              > 0.5
          |||,
          // Longer than a cache takes to fill after a restart or a deployment.
          '15m',
          'Cache {{ $labels.instance }} misses {{ $value | humanizePercentage }} of its lookups (limit 50 %).',
          'For a quarter of an hour it has known less than half of what it is asked. Look first at what changed: a deployment with other key names, keys that expire at once, a FLUSHALL that comes back.',
          'Pages come from the database instead, more slowly, and its load grows.',
        ),
        alert(
          'CrmCacheConnectionsRejected',
          'high',
          'cache',
          // One is too many: the limit has been reached.
          'sum by (instance) (increase(redis_rejected_connections_total[5m])) > 0',
          '30s',
          'Cache {{ $labels.instance }} refused {{ $value | humanize }} connections within 5 minutes (limit 0).',
          'maxclients, or the limit of open files, is reached. Look first at which client holds so many connections.',
          'Some requests go on without the cache, more slowly, or fail.',
          'error',
        ),
        alert(
          'CrmCacheClientsNearLimit',
          'medium',
          'cache',
          // A fifth is left.
          |||
            max by (instance) (redis_connected_clients)
              / on (instance) (max by (instance) (redis_config_maxclients) > 0)
              > 0.8
          |||,
          // Longer than a deployment, when the old and the new application are both connected.
          '5m',
          'Cache {{ $labels.instance }} has {{ $value | humanizePercentage }} of the connections it allows (limit 80 %).',
          'Look first at which client holds them; a pool that does not give connections back grows steadily.',
          'None yet. At 100 % new connections are refused.',
        ),
        alert(
          'CrmCachePersistenceFailing',
          'high',
          'cache',
          // 1 also where this kind of persistence is off.
          |||
            min by (instance) (redis_rdb_last_bgsave_status) == 0
              or min by (instance) (redis_aof_last_write_status) == 0
              or min by (instance) (redis_aof_last_bgrewrite_status) == 0
          |||,
          // The server tries again after seconds.
          '2m',
          'Cache {{ $labels.instance }} cannot save its data to disk.',
          'The last snapshot, append or rewrite failed: the disk is full or read-only, or memory for the fork is short. Its log says which.',
          'By default the server now refuses writes. A restart would lose what is not saved.',
          'error',
        ),
        alert(
          'CrmCacheReplicationDown',
          'medium',
          'cache',
          // Seen from the replica. A first synchronisation counts as down.
          'min by (instance) (redis_master_link_up) == 0',
          // Longer than a primary takes to restart or a replica to load some gigabytes.
          '2m',
          'Cache replica {{ $labels.instance }} has no link to its primary.',
          'It serves old data, or none. Look first at whether the primary is up and the password is current.',
          'What is read from the replica is old; after a failover the cache begins empty.',
          'error',
        ),
        alert(
          'CrmCacheReplicationLag',
          'medium',
          'cache',
          // A replica acknowledges each second; one silent for 60 s (repl-timeout) is dropped. Port 0 is no replica but
          // a client that takes a copy (`redis-cli --rdb`, a backup): it never acknowledges.
          'max by (instance, slave_ip, slave_port) (redis_connected_slave_lag_seconds{slave_port!="0"}) > 10',
          '1m',
          'Replica {{ $labels.slave_ip }}:{{ $labels.slave_port }} of cache {{ $labels.instance }} last answered {{ $value | humanizeDuration }} ago (limit 10s).',
          'The network is congested or the replica busy. Look first at slow commands on the replica.',
          'What is read from the replica is old; a failover would lose the newest keys.',
        ),
        alert(
          'CrmCacheFragmented',
          'low',
          'cache',
          // A small cache always has a large ratio: what counts is that 256 MiB of the machine are wasted.
          |||
            max by (instance) (redis_mem_fragmentation_ratio) > 1.5
              and on (instance) max by (instance) (redis_mem_fragmentation_bytes) > 256 * 1024 * 1024
          |||,
          // The memory of a fork or of many keys that expired is given back sooner.
          '1h',
          'Cache {{ $labels.instance }} takes {{ $value | humanize }} times the memory its data need (limit 1.5).',
          'Freed memory is scattered and not given back to the machine. Active defragmentation or a restart gives it back.',
          'None, unless the machine runs short of memory.',
        ),
        alert(
          'CrmCacheSlowCommands',
          'low',
          'cache',
          // New entries in the slow log (10 ms unless set) in 20 of the 60 scrapes of 15 minutes: no single odd one.
          // changes(): a reset of the log counts as one, not as all of its entries.
          'max by (instance) (changes(redis_slowlog_last_id[15m])) >= 20',
          '5m',
          'Cache {{ $labels.instance }} had new slow commands at {{ $value }} of the scrapes within 15 minutes (limit 20).',
          'Commands run one at a time: a slow one holds up all others. Look first at the slow log for commands over many keys.',
          'Pages that use the cache hesitate now and then.',
        ),
      ],
    },
  ],
}
