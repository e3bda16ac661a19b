// What takes the memory? From samples of keys, taken off the scrape.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  local unsampled = 'No samples of keys: set `samples` of the cache in settings.yaml, and grant its rights (provisioning/cache). ';
  local by(label, metric) = panel.query('max by (instance, %s) (%s{%s})' % [label, metric, queries.server], '{{instance}} {{%s}}' % label);

  [
    panel.timeseries(
      'Memory by prefix (estimate)',
      'Memory of keys and values by the prefix of the key, estimated from a sample. `other`: keys of no prefix in settings.yaml. One that grows while its lookups do not: keys without an expiry, or one for each user.',
      'bytes',
      [by('prefix', 'pantrywatch_cache_prefix_bytes')],
      unsampled + queries.silent,
    ) + panel.decimals(1) + panel.stacked,
    panel.timeseries(
      'Keys by prefix (estimate)',
      'Keys by prefix, estimated from a sample; exact where a round sees all keys.',
      'short',
      [by('prefix', 'pantrywatch_cache_prefix_keys')],
      unsampled + queries.silent,
    ) + panel.decimals(0) + panel.stacked,
    panel.timeseries(
      'Largest key by prefix',
      'Memory of the largest key that the last rounds saw. Reading or deleting a large one blocks all other commands: split it, or use UNLINK. Its name: `redis-cli --memkeys` on a quiet server. Good: below 1 MiB.',
      'bytes',
      [by('prefix', 'pantrywatch_cache_prefix_largest_key_bytes')],
      unsampled + queries.silent,
    ) + panel.decimals(1) + panel.logarithmic,
    panel.timeseries(
      'Memory by encoding (estimate)',
      'How the server stores the values. listpack, intset and embstr are compact; hashtable, skiplist and raw take several times as much: values beyond limits such as hash-max-listpack-entries.',
      'bytes',
      [by('encoding', 'pantrywatch_cache_encoding_bytes')],
      unsampled + 'The first encodings come with the first round.',
    ) + panel.decimals(1) + panel.stacked,
    panel.timeseries(
      'Hottest key by prefix',
      "Highest access frequency of the sampled keys: the server's logarithmic counter, from 0 to 255 (about a million accesses). Near 255: one key takes the load of many; cache it in the application. Few keys are sampled, to keep the hit ratio right: `redis-cli --hotkeys` looks at all of them.",
      'none',
      [by('prefix', 'pantrywatch_cache_prefix_hottest_key_frequency')],
      'Not available: the server counts accesses only with a maxmemory-policy of LFU. ' + unsampled,
    ) + panel.decimals(0),
    panel.timeseries(
      'Hit ratio by prefix (traffic)',
      "Share of lookups that found their key, by prefix, as the application counts them: the server does not know it. The metric is the demo's; docs/your-application.md says what yours has to export.",
      'percentunit',
      [panel.query('sum by (prefix) (rate(crm_app_cache_requests_total{result="hit"}[$__rate_interval])) / (sum by (prefix) (rate(crm_app_cache_requests_total{result=~"hit|miss"}[$__rate_interval])) > 0)', '{{prefix}}')],
      'The application does not export its cache usage by prefix, or is idle.',
    ) + panel.between(null, 1) + panel.to_board('api', 'The API'),
    panel.timeseries(
      'Cost of sampling',
      'Keys that a round looked at, and the lookups per second that it added to the hits and misses of the server: at most 0.5 % of those of the application. Good: far below Lookups.',
      'short',
      [
        panel.query('max by (instance) (pantrywatch_query_rows{exporter="cache", query="samples", %s})' % queries.server, '{{instance}} keys of a round'),
        panel.query(queries.rate('pantrywatch_cache_sample_lookups_total'), '{{instance}} lookups per second'),
      ],
      unsampled + queries.silent,
    ) + panel.logarithmic,
  ]
