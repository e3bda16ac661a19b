// Does the cache do its work?
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.stat(
    'Server',
    'Whether each server answered the last scrape. Good: up. Down: every page asks the database instead, slower and with more load there.',
    'none',
    [panel.now('min by (instance) (redis_up{%s})' % queries.server, '{{instance}}')],
    'exporter silent',
    width=3,
  ) + panel.decimals(0) + panel.texts({ '0': ['down', colours.hurt], '1': ['up', colours.kept] }) + panel.plain_stat,
  panel.stat(
    'Scrape errors',
    'Why something could not be read, in one word: refused, timeout, auth, permission, tls, dns, protocol, version, exhausted, internal; or that the exporter itself is down. Good: none. `pantrywatch-exporter check cache` shows more.',
    'none',
    [panel.now('max by (class) (pantrywatch_collector_error{exporter="cache", %(server)s} > 0 or label_replace(up{job="cache", %(server)s} == 0, "class", "exporter down", "", ""))' % { server: queries.server }, '{{class}}')],
    'none',
    width=3,
  ) + panel.limits([[null, colours.broken]]) + panel.plain_stat + panel.names,
  panel.stat(
    'Found now (traffic)',
    'Share of look-ups of the last five minutes that found their key. ' + promise.words('cache-hit-ratio') + ' Redis counts every client, not only frequently accessed data. Below: why, in Problems.',
    'percentunit',
    [panel.now(queries.alive(queries.hits(range='5m')), '{{instance}}')],
    queries.unanswered,
    width=3,
  ) + panel.ratio + panel.decimals(1) + panel.plain_stat + promise.good_share('cache-hit-ratio'),
  panel.stat(
    'Memory in use',
    'Memory as a share of maxmemory. No limit set: it grows until the machine has none left – set maxmemory and a policy. Full with a policy allkeys-* is normal; with another, writes fail.',
    'percentunit',
    [panel.now(queries.filled, '{{instance}}')],
    queries.unanswered,
    width=3,
    // As CrmCacheMemoryNearLimit.
  ) + panel.decimals(0) + panel.limits([[null, colours.kept], [0.9, colours.near]]) + panel.texts({ '-1': ['no limit set', colours.near] }) + panel.plain_stat,
  panel.stat(
    'When it is full',
    'What the server does at its memory limit (maxmemory-policy). allkeys-lru or allkeys-lfu suit a cache: the least used keys go. noeviction: every write fails.',
    'none',
    [panel.now('max by (maxmemory_policy) (redis_instance_info{%s})' % queries.server, '{{maxmemory_policy}}')],
    queries.unanswered,
    width=3,
  ) + panel.plain_stat + panel.names,
  panel.stat(
    'Commands',
    'Commands a second, over the last five minutes. Far below the usual with users at work: the application does not reach it, or goes without.',
    'ops',
    [panel.now(queries.alive(queries.rate('redis_commands_processed_total', range='5m')), '{{instance}}')],
    queries.unanswered,
    width=3,
  ) + panel.decimals(1) + panel.plain_stat,
  panel.stat(
    'Clients',
    'Client connections as a share of maxclients. Good: below 80 %. Above: a pool that grew, or connections nobody closes.',
    'percentunit',
    [panel.now('%s / on (instance) (%s > 0)' % [queries.newest('redis_connected_clients'), queries.newest('redis_config_maxclients')], '{{instance}}')],
    queries.unanswered,
    width=3,
    // As CrmCacheClientsNearLimit.
  ) + panel.ratio + panel.limits([[null, colours.kept], [0.8, colours.broken]]) + panel.plain_stat,
  panel.stat(
    'Running for',
    'Time since the server started. Short where nobody restarted it: it crashed or was killed, and began with what it had saved.',
    's',
    [panel.now(queries.newest('redis_uptime_in_seconds'), '{{instance}}')],
    queries.unanswered,
    width=3,
  ) + panel.decimals(1) + panel.plain_stat,
  status.promised(['cache-hit-ratio'], height=5),
  status.firing(['alertname=~"CrmCache.+"', 'target=~"cache-.+"', 'alertname=~"CrmMonitoring.+", job="cache"'], height=5),
  panel.states(
    'Server over time',
    'When each server answered and when not. A gap: the exporter itself was away.',
    [panel.query('min by (instance) (redis_up{%s})' % queries.server, '{{instance}}')],
    'Nothing is known: the exporter itself does not answer, or no cache is watched.',
    width=24,
    height=4,
  ) + panel.texts({ '0': ['down', colours.hurt], '1': ['up', colours.kept] }),
]
