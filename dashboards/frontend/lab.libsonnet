// Pages opened by our own browser.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);

  local colors = panel.colors;

  local unchecked = 'No browser check: add one to the section browser of settings.yaml; it needs a Chromium, in containers the profile browser.';
  local lab = ' Lab: our own browser with an empty cache on our own machine; users have other machines, networks and pages.';
  // There are few page loads: their mean, over a quarter of an hour. One that did not come counts with the time it was waited for.
  local mean(metric, more='') =
    local of(part) = 'sum by (check, network) (increase(%s_%s{source="lab"%s}[15m]))' % [metric, part, more];
    '%s / (%s > 0)' % [of('sum'), of('count')];
  local by_check = '{{check}}, {{network}}';

  [
    panel.timeseries(
      'Time to interactive (lab)',
      slo_targets.words('tti') + ' Until the page is rendered and no script blocks it; mean over 15 minutes.' + lab,
      's',
      [panel.query(mean('browser_tti_seconds'), by_check), slo_targets.line('tti')],
      unchecked,
    ) + slo_targets.latency('tti') + panel.limit_series('target'),
    panel.timeseries(
      'Page load on 3G (lab)',
      slo_targets.words('page-load-3g') + ' Until the load event, on the emulated network that the series names; mean over 15 minutes.' + lab,
      's',
      [panel.query(mean('browser_page_load_seconds', ',network=~"3g.*"'), by_check), slo_targets.line('page-load-3g')],
      'No browser check uses the network 3g-fast, 3g or 3g-slow.',
    ) + slo_targets.latency('page-load-3g') + panel.limit_series('target'),
    panel.timeseries(
      'Paints and load (lab)',
      'First and largest contentful paint, and the load event, of the checks without throttling; mean over 15 minutes. Good: close together and early.' + lab,
      's',
      [
        panel.query(mean('browser_fcp_seconds', ',network="none"'), '{{check}}, first paint'),
        panel.query(mean('browser_lcp_seconds', ',network="none"'), '{{check}}, largest paint'),
        panel.query(mean('browser_page_load_seconds', ',network="none"'), '{{check}}, load'),
      ],
      unchecked,
    ),
    panel.timeseries(
      'Transfer size by type (lab)',
      'Bytes over the network in the last load, by resource type. A sudden change: a deployment. Scripts also take time to run.',
      'bytes',
      [panel.query('max by (resource) (browser_page_transferred_bytes) > 0', '{{resource}}')],
      unchecked,
    ) + panel.stacked,
    panel.timeseries(
      'Requests per page load (lab)',
      'Requests in the last load, by resource type. On a slow network each one waits.',
      'none',
      [panel.query('max by (resource) (browser_page_requests) > 0', '{{resource}}')],
      unchecked,
    ) + panel.decimals(0) + panel.stacked,
    panel.timeseries(
      'Page errors (lab)',
      'In the last load: uncaught script errors, requests without a response, and seconds for which scripts blocked the page. Good: 0.',
      'none',
      [
        panel.query('max by (check) (browser_page_script_errors)', '{{check}}, script errors'),
        panel.query('max by (check) (browser_page_failed_requests)', '{{check}}, failed requests'),
        panel.query('max by (check) (browser_tbt_seconds)', '{{check}}, seconds blocked'),
      ],
      unchecked,
    ) + panel.decimals(1),
    panel.bars(
      'Weight against budget (lab)',
      'Bytes of the last load over what `budgets` of the settings allow, by check and type. From 100% on CrmFrontendBudgetExceeded fires: see what the latest deployment added.',
      'percentunit',
      [panel.now('max by (check, resource) (browser_page_transferred_bytes / on (job, instance, check, kind, target, resource) (browser_page_budget_bytes > 0))', '{{check}}, {{resource}}')],
      'No browser check has `budgets`.',
    ) + panel.ratio + panel.limits([[null, colors.kept], [0.8, colors.near], [1, colors.broken]]),
    panel.timeseries(
      'Transfer by party (lab)',
      'Bytes over the network in the last load, from the origin of the page (first) and from all others (third). What others send, they can change.',
      'bytes',
      [panel.query('sum by (party) (browser_page_party_bytes)', '{{party}}')],
      unchecked,
    ) + panel.stacked,
    panel.timeseries(
      'Sent carelessly (lab)',
      'Responses of the last load: texts sent uncompressed, static files without a caching header, and responses with an error status (often a missing icon). Good: 0.',
      'none',
      [
        panel.query('max by (check) (browser_page_uncompressed_responses)', '{{check}}, uncompressed'),
        panel.query('max by (check) (browser_page_uncacheable_responses)', '{{check}}, not cacheable'),
        panel.query('max by (check) (browser_page_error_responses)', '{{check}}, errors'),
      ],
      unchecked,
    ) + panel.decimals(0),
  ]
