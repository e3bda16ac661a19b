// Pages opened by our own browser.
local panel = import '../lib/panel.libsonnet';
local promise = import '../lib/promise.libsonnet';

local unchecked = 'No check opens a page in a browser: it takes a check of the kind browser in settings.yaml and a Chromium; in containers the profile browser.';
local lab = ' Lab: our browser, with an empty cache, on our machine; users have other machines, networks and pages.';
// There are few page loads: their mean, over a quarter of an hour. One that did not come counts with the time it was waited for.
local mean(metric, more='') =
  local of(part) = 'sum by (check, network) (increase(%s_%s{source="lab"%s}[15m]))' % [metric, part, more];
  '%s / (%s > 0)' % [of('sum'), of('count')];
local by_check = '{{check}}, {{network}}';

[
  panel.timeseries(
    'Time to interactive (lab)',
    promise.words('tti') + ' Until the page is drawn and no script blocks it; mean over 15 minutes.' + lab,
    's',
    [panel.query(mean('browser_tti_seconds'), by_check), promise.line('tti')],
    unchecked,
  ) + promise.latency('tti') + panel.limit_series('promised'),
  panel.timeseries(
    'Page load on 3G (lab)',
    promise.words('page-load-3g') + ' Until the load event, on the emulated network that the series names; mean over 15 minutes.' + lab,
    's',
    [panel.query(mean('browser_page_load_seconds', ',network=~"3g.*"'), by_check), promise.line('page-load-3g')],
    'No check of the kind browser has a network 3g-fast, 3g or 3g-slow.',
  ) + promise.latency('page-load-3g') + panel.limit_series('promised'),
  panel.timeseries(
    'Paints and load (lab)',
    'First and largest contentful paint, and the load event, of the checks that slow nothing down; mean over 15 minutes. Good: close together, and soon.' + lab,
    's',
    [
      panel.query(mean('browser_fcp_seconds', ',network="none"'), '{{check}}, first paint'),
      panel.query(mean('browser_lcp_seconds', ',network="none"'), '{{check}}, largest paint'),
      panel.query(mean('browser_page_load_seconds', ',network="none"'), '{{check}}, load'),
    ],
    unchecked,
  ),
  panel.timeseries(
    'What a page load brings (lab)',
    'Bytes over the network at the last load, by what they are. A step: a deployment. Scripts are the part that also costs time to run.',
    'bytes',
    [panel.query('max by (resource) (browser_page_transferred_bytes) > 0', '{{resource}}')],
    unchecked,
  ) + panel.stacked,
  panel.timeseries(
    'Requests of a page load (lab)',
    'Requests at the last load, by what they fetch. On a slow network each one waits.',
    'none',
    [panel.query('max by (resource) (browser_page_requests) > 0', '{{resource}}')],
    unchecked,
  ) + panel.decimals(0) + panel.stacked,
  panel.timeseries(
    'What goes wrong on the page (lab)',
    'At the last load: errors of scripts that nobody caught, requests without an answer, and the seconds for which scripts blocked the page. Good: 0.',
    'none',
    [
      panel.query('max by (check) (browser_page_script_errors)', '{{check}}, script errors'),
      panel.query('max by (check) (browser_page_failed_requests)', '{{check}}, failed requests'),
      panel.query('max by (check) (browser_tbt_seconds)', '{{check}}, seconds blocked'),
    ],
    unchecked,
  ) + panel.decimals(1),
]
