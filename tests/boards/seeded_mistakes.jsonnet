// One board for each lint, with the one mistake it must find; `right` has none. Rendered by test_lint.py.
local board = import '../../dashboards/lib/board.libsonnet';
local panel = import '../../dashboards/lib/panel.libsonnet';
local variables = import '../../dashboards/lib/variables.libsonnet';

local describe = 'What it is, what is good about it, and what to do when it is not.';
local graph(expr='max by (instance) (redis_connected_clients{instance=~"$cache"})', legend='{{instance}}') =
  panel.timeseries('Clients', describe, 'none', [panel.query(expr, legend)], 'No cache is watched.');
local rows = panel.table(
  'Caches',
  describe,
  'none',
  [panel.rows('max by (instance) (redis_up)')],
  'No cache is watched.',
  [['instance', 'Cache'], ['Value', 'Up']],
  'Up',
);
local of(panels, more=[]) = board.new(
  'seeded',
  'Seeded',
  'A board with a mistake.',
  [variables.many('cache', 'Cache', 'redis_up', 'instance', 'The caches.')] + more,
  [board.row('Row', [graph()] + panels)],
);
local titled(title) = { title: title };
local with(mixin) = of([graph() + titled('Wrong') + mixin]);
local asks(expr, legend='x') = of([graph(expr, legend) + titled('Wrong')]);
local now(expr) = of([graph() + titled('Wrong') + { targets: [panel.now(expr, 'x') { refId: 'A' }] }]);
local target(changed) = with({ targets: [each + changed for each in super.targets] });
local variable(changed) = of([]) + { templating+: { list: [
  if each.type == 'query' then each + changed else each
  for each in super.list
] } };

{
  right: of([rows]),
  mistakes: {
    'template-datasource': of([]) + { templating+: { list: [
      if each.type == 'datasource' then each { label: 'DS' } else each
      for each in super.list
    ] } },
    'template-label-promql': variable({ query: { query: 'label_values(redis_up{, instance)' } }),
    'template-on-time-change-reload': variable({ refresh: 1 }),
    'panel-datasource': target({ datasource: { type: 'prometheus', uid: 'crm-prometheus' } }),
    'panel-title-description': with({ description: 'Clients.' }),
    'panel-units': with({ fieldConfig+: { defaults+: { unit: 'ms' } } }),
    'panel-no-targets': with({ targets: [] }),
    'target-promql': asks('max(redis_connected_clients'),
    'target-rate-interval': asks('max(rate(redis_commands_processed_total[5m]))'),
    'uneditable-dashboard': of([]) { editable: true },
    'panel-no-value': with({ fieldConfig+: { defaults+: { noValue: '' } } }),
    'panel-room': of([panel.stat('Up', describe, 'none', [panel.now('min(redis_up)')], describe) + panel.plain_stat]),
    'panel-decimals': with(panel.decimals(5)),
    'panel-colors': with(panel.limits([[null, 'green'], [80, 'red']])),
    'panel-legend': with({ options+: { legend+: { showLegend: false } } }),
    'panel-scale': with(panel.between(1, 0)),
    'panel-stack': with(panel.stacked { fieldConfig+: { defaults+: { custom+: { lineWidth: 1 } } } }),
    'panel-now': of([panel.stat('Up', describe, 'none', [panel.query('min(redis_up)')], 'No cache is watched.') + panel.plain_stat]),
    'panel-ids': of([]) { panels: [each { id: 7 } for each in super.panels] },
    'table-columns': of([rows { options+: { sortBy: [{ displayName: 'Down', desc: true }] } }]),
    'table-links': of([rows + panel.link('API', 'https://example.org')]),
    grid: of([]) { panels: [if each.type == 'row' then each else each { gridPos+: { x: 20 } } for each in super.panels] },
    'variable-unknown': target({ legendFormat: '{{instance}} $nobody' }),
    'variable-unused': of([], [variables.one('unused', 'Unused', 'pg_up', 'instance', 'Used by nothing.')]),
    'variable-text': variable({ label: '' }),
    'variable-all': variable({ allValue: null }),
    'unresolved-input': of([]) { __inputs: [] },
    link: with(panel.link('Nowhere', '/d/crm-nowhere')),
    'link-encoding': with(panel.link('This one', 'https://example.org/${__field.labels.http_route}')),
    'legend-label': target({ legendFormat: '{{server}}' }),
    'quantile-by-le': asks('histogram_quantile(0.5, rate(http_server_request_duration_seconds_bucket[$__rate_interval]))'),
    'target-limits': of([
      panel.timeseries('Wrong', describe, 's', [
        panel.query('histogram_quantile(0.5, sum by (le) (rate(http_server_request_duration_seconds_bucket[$__rate_interval])))', 'x'),
      ], 'No request.') + panel.limits([[null, 'green'], [0.7, 'orange']]),
    ]),
    'unknown-metric': asks('max(redis_no_such_metric)'),
    'unknown-label': asks('max(redis_connected_clients{color="red"})'),
    'nothing-selected': asks('max(up{job="nobody"})'),
    'no-join': asks('max by (instance) (redis_up) * max by (job) (redis_up)'),
    'ambiguous-join': asks('max by (instance, job) (redis_up) * on (job) max by (instance, job) (redis_connected_clients)'),
    'bare-counter': asks('max(redis_commands_processed_total)'),
    'rated-gauge': asks('max(rate(redis_connected_clients[$__rate_interval]))'),
    'short-range': now('max(rate(redis_commands_processed_total[30s]))'),
    'beyond-retention': now('max(increase(redis_commands_processed_total[90d]))'),
    'unguarded-division': asks('max(redis_memory_used_bytes) / max(redis_memory_max_bytes)'),
    'averaged-ratio': asks('avg(slo:sli_error:ratio_rate1h)'),
    'no-edge': asks('sum(rate(http_server_request_duration_seconds_bucket{le="0.3"}[$__rate_interval]))'),
    'stale-timestamp': asks('max(time() - timestamp(redis_up) > 3600)'),
    'gone-in-newer': asks('max(rate(pg_stat_bgwriter_checkpoints_req_total[$__rate_interval]))'),
    'counted-twice': asks('sum(rate(redis_commands_processed_total[$__rate_interval]))'),
    'hiding-fallback': asks('sum(rate(pantrywatch_check_runs_total{result="failure"}[$__rate_interval])) or 0 * sum(rate(pantrywatch_check_runs_total[$__rate_interval]))'),
    'new-function': asks('max(limitk(1, redis_up))'),
  },
}
