// What can be full: one record a resource. Whatever is listed here gets its forecast, its row on the boards and its alert.
//
//   resource   its name on boards and in messages
//   used       PromQL: the share of the limit in use, 0 to 1, with the label `instance`, and one more in `part` where
//              there are several of one instance. No sample without a limit.
//   part       that label, as `name` of the recorded series
//   by         labels that tell servers apart, `instance` unless given
//   component  of the alert (components.libsonnet)
local signals = import 'signals.libsonnet';

local filesystems = 'fstype!~"tmpfs|ramfs|squashfs|overlay"';

{
  // Series of all resources, with the labels resource, instance and, where there are several, name.
  series:: {
    used: 'crm:resource_used:ratio',
    typical: 'crm:resource_typical:ratio1d',
    highest: 'crm:resource_highest:ratio1d',
    least: 'crm:resource_growth_least:ratio1d',
    most: 'crm:resource_growth_most:ratio1d',
    growth: 'crm:resource_growth:ratio1d',
    spread: 'crm:resource_growth_spread:ratio1d',
    days: 'crm:resource_history:days',
    level: 'crm:resource_level:ratio',
    left: 'crm:resource_left:ratio',
    earliest: 'crm:resource_full_earliest:seconds',
    latest: 'crm:resource_full_latest:seconds',
    state: 'crm:resource_forecast:state',
  },

  // `time`: time.libsonnet; `targets`: targets.libsonnet.
  list(time, targets):: [
    {
      resource: 'disk',
      component: 'host',
      part: 'mountpoint',
      // As `df` says it: blocks reserved for root count neither as used nor as available.
      used: |||
        1 - min by (instance, mountpoint) (node_filesystem_avail_bytes{%(fs)s}) / (
          min by (instance, mountpoint) (node_filesystem_size_bytes{%(fs)s})
            - min by (instance, mountpoint) (node_filesystem_free_bytes{%(fs)s})
            + min by (instance, mountpoint) (node_filesystem_avail_bytes{%(fs)s}) > 0
        )
      ||| % { fs: filesystems },
    },
    {
      resource: 'inodes',
      component: 'host',
      part: 'mountpoint',
      used: |||
        1 - min by (instance, mountpoint) (node_filesystem_files_free{%(fs)s})
          / (min by (instance, mountpoint) (node_filesystem_files{%(fs)s}) > 0)
      ||| % { fs: filesystems },
    },
    {
      resource: 'memory',
      component: 'host',
      used: '1 - min by (instance) (%s)' % signals.host.memory_available.expr(),
    },
    {
      resource: 'connections',
      component: 'database',
      used: signals.database.connections_used.expr(),
    },
    {
      resource: 'sequence',
      component: 'database',
      part: 'datname',
      used: 'max by (instance, datname) (pantrywatch_database_sequence_used_ratio)',
    },
    {
      // Of what max_slot_wal_keep_size lets a slot keep; -1 is no limit.
      resource: 'WAL of slot',
      component: 'database',
      part: 'slot_name',
      used: |||
        max by (instance, slot_name) (pg_replication_slots_pg_wal_lsn_diff)
          / on (instance) group_left () (max by (instance) (pg_settings_max_slot_wal_keep_size_bytes) > 0)
      |||,
    },
    {
      resource: 'cache memory',
      component: 'cache',
      used: signals.cache.memory_used.expr(),
    },
    {
      resource: 'cache clients',
      component: 'cache',
      used: signals.cache.clients_used.expr(),
    },
    {
      // The traffic of each server against the rate that a capacity run has proven for one server.
      resource: 'API capacity',
      component: 'api',
      by: 'job, instance',
      used: |||
        max by (job, instance) (sum by (job, instance) (rate(%s[%s])) * 60)
          / on () group_left () (max(pantrywatch_capacity_requests_per_minute) > 0)
      ||| % [targets.by_id('api-throughput').sli.total[0], time.duration('5m')],
    },
  ],
}
