// Does the cache do its work?
function(config)
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local alerts = config.alerts;
  local percent = (import '../../alert_rules/lib/numbers.libsonnet').percent;
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.stat(
      'Server',
      'Whether each server answered the last scrape. Good: up. Down: every page queries the database instead, more slowly and with more load there.',
      'none',
      [panel.now('min by (instance) (redis_up{%s})' % queries.server, '{{instance}}')],
      'exporter down',
      width=3,
    ) + panel.decimals(0) + panel.texts({ '0': ['down', colors.hurt], '1': ['up', colors.kept] }) + panel.plain_stat,
    panel.stat(
      'Scrape errors',
      'Why something could not be read, as one error class: refused, timeout, auth, permission, tls, dns, protocol, version, exhausted, internal; or that the exporter itself is down. Good: none. `pantrywatch-exporter check cache` shows more.',
      'none',
      [panel.now('max by (class) (pantrywatch_collector_error{exporter="cache", %(server)s} > 0 or label_replace(up{%(job)s, %(server)s} == 0, "class", "exporter down", "", ""))' % { job: config.selectors.cache, server: queries.server }, '{{class}}')],
      'none',
      width=3,
    ) + panel.limits([[null, colors.broken]]) + panel.plain_stat + panel.names,
    panel.stat(
      'Hit ratio (traffic)',
      'Share of lookups in the last five minutes that found their key. ' + slo_targets.words('cache-hit-ratio') + ' Redis counts all clients, not only frequently accessed data. Below: Problems shows why.',
      'percentunit',
      [panel.now(queries.alive(queries.hits(range='5m')), '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.ratio + panel.decimals(1) + panel.plain_stat + slo_targets.good_share('cache-hit-ratio'),
    panel.stat(
      signals.cache.memory_used.title,
      'Memory as a share of maxmemory. No limit set: it grows until the machine runs out; set maxmemory and a policy. Full with an allkeys-* policy is normal; with any other, writes fail.',
      'percentunit',
      [panel.now(queries.filled, '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.decimals(0) + panel.limits([[null, colors.kept], [alerts.CrmCacheMemoryNearLimit.share, colors.near]]) + panel.texts({ '-1': ['no limit set', colors.near] }) + panel.plain_stat,
    panel.stat(
      'Eviction policy',
      'What the server does at its memory limit (maxmemory-policy). allkeys-lru or allkeys-lfu suit a cache: the least used keys are evicted. noeviction: every write fails.',
      'none',
      [panel.now('max by (maxmemory_policy) (redis_instance_info{%s})' % queries.server, '{{maxmemory_policy}}')],
      queries.unanswered,
      width=3,
    ) + panel.plain_stat + panel.names,
    panel.stat(
      'Commands',
      'Commands per second over the last five minutes. Far below usual with users at work: the application cannot reach the cache, or bypasses it.',
      'ops',
      [panel.now(queries.alive(queries.rate('redis_commands_processed_total', range='5m')), '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.decimals(1) + panel.plain_stat,
    panel.stat(
      signals.cache.clients_used.title,
      'Client connections as a share of maxclients. Good: below ' + percent(alerts.CrmCacheClientsNearLimit.share) + '. Above: a pool that grew, or leaked connections.',
      'percentunit',
      [panel.now(signals.cache.clients_used.expr(queries.server), '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.ratio + panel.limits([[null, colors.kept], [alerts.CrmCacheClientsNearLimit.share, colors.broken]]) + panel.plain_stat,
    panel.stat(
      'Uptime',
      'Time since the server started. Short although nobody restarted it: it crashed or was killed, and started with the data it had saved.',
      's',
      [panel.now(queries.newest('redis_uptime_in_seconds'), '{{instance}}')],
      queries.unanswered,
      width=3,
    ) + panel.decimals(1) + panel.plain_stat,
    status.promised(['cache-hit-ratio'], height=5),
    status.firing(['alertname=~"CrmCache.+"', 'target=~"cache-.+"', 'alertname=~"CrmMonitoring.+", ' + config.selectors.cache], height=5),
    panel.states(
      'Server over time',
      'When each server was up and down. A gap: the exporter itself did not respond.',
      [panel.query('min by (instance) (redis_up{%s})' % queries.server, '{{instance}}')],
      'Unknown: the exporter does not respond, or no cache is monitored.',
      width=24,
      height=4,
    ) + panel.texts({ '0': ['down', colors.hurt], '1': ['up', colors.kept] }),
  ]
