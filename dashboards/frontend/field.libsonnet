// What users' browsers report: page loads, changes of route and actions.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local users = (import 'users.libsonnet');

  local seconds = { unit: 's', decimals: 2 };
  local lab(metric) = panel.query(
    'sum(increase(%s_sum{source="lab",network="none"}[15m])) / (sum(increase(%s_count{source="lab",network="none"}[15m])) > 0)' % [metric, metric],
    'lab, mean'
  );
  // One measure of page loads, beside our own browser and the target.
  local vital(id, title, metric, unit, note) =
    panel.timeseries(
      title,
      slo_targets.words(id) + ' ' + note + ' Users: three of four page loads of the last 15 minutes were better. Lab: our own browser, unthrottled; much better than users: their machines, networks or data are the cause.',
      unit,
      [panel.query(users.quantile(slo_targets.of(id).objective, metric), 'users'), lab(metric), slo_targets.line(id)],
      users.silent,
    ) + slo_targets.latency(id) + panel.limit_series('target') + panel.color('lab, mean', 'purple');
  local within(name, id, metric) = panel.now(users.within(metric, slo_targets.edge(id)), name);
  local latency(id, title, metric, by, note, empty) =
    panel.timeseries(
      title,
      slo_targets.words(id) + ' ' + note,
      's',
      [panel.query(users.quantile(slo_targets.of(id).objective, metric, by=by, navigation=''), '{{%s}}' % by), slo_targets.line(id)],
      empty,
    ) + slo_targets.latency(id) + panel.limit_series('target');

  {
    loads:: [
      panel.bars(
        'Within target (field)',
        'Share of what users saw in the last hour that was within its target. Promised are 75% for page loads and changes of route, 95% for searches and forms. The cause of a low one is in its graph, by route, device and connection.',
        'percentunit',
        [
          within('Largest paint', 'lcp', 'browser_lcp_seconds'),
          within('First input', 'fid', 'browser_fid_seconds'),
          within('Layout shift', 'cls', 'browser_cls_score'),
          within('First paint', 'fcp', 'browser_fcp_seconds'),
          within('First byte', 'ttfb', 'browser_ttfb_seconds'),
          within('Change of route', 'interactive-after-navigation', 'browser_route_change_seconds'),
          within('Search', 'search-response', 'browser_search_seconds'),
          within('Form', 'form-submission', 'browser_form_submission_seconds'),
        ],
        users.silent,
      ) + panel.ratio + panel.decimals(1),
      vital('lcp', 'Largest contentful paint', 'browser_lcp_seconds', 's', 'When the main content is there.'),
      vital('cls', 'Layout shift', 'browser_cls_score', 'none', 'How much content moves while people read. Only Chromium reports it.'),
      vital('fcp', 'First contentful paint', 'browser_fcp_seconds', 's', 'When the page is no longer blank.'),
      vital('ttfb', 'Time to first byte', 'browser_ttfb_seconds', 's', 'Network, redirects and server, before anything else.'),
      panel.timeseries(
        'Response to input',
        slo_targets.words('fid') + ' First input: until the page began to work on it; inputs: until the next paint (INP). INP succeeded the first input delay in 2024; the document has no target for it.',
        's',
        [
          panel.query(users.quantile(0.75, 'browser_fid_seconds'), 'first input'),
          panel.query(users.quantile(0.75, 'browser_inp_seconds'), 'all inputs (INP)'),
          slo_targets.line('fid'),
        ],
        users.silent,
      ) + slo_targets.latency('fid') + panel.limit_series('target'),
      panel.table(
        'By route (field)',
        'Page loads of the last hour by route, the slowest first; p75 of each measure. Only routes of `rum.routes` have a name, all others are `other`.',
        's',
        [
          panel.rows(users.quantile(0.75, 'browser_lcp_seconds', by='route', range='1h')),
          panel.rows(users.quantile(0.75, 'browser_fcp_seconds', by='route', range='1h')),
          panel.rows(users.quantile(0.75, 'browser_ttfb_seconds', by='route', range='1h')),
          panel.rows(users.quantile(0.75, 'browser_cls_score', by='route', range='1h')),
          panel.rows(users.count('browser_ttfb_seconds', by='route', range='1h')),
        ],
        users.silent,
        [
          ['route', 'Route'],
          ['Value #A', 'Largest paint', seconds],
          ['Value #B', 'First paint', seconds],
          ['Value #C', 'First byte', seconds],
          ['Value #D', 'Shift', { unit: 'none', decimals: 2 }],
          ['Value #E', 'Page loads', { unit: 'none', decimals: 0 }],
        ],
        sort='Largest paint',
      ),
      panel.timeseries(
        'Largest paint by device',
        'p75 of page loads by class of the device. Phones alone slow: scripts and images weigh too much for them.',
        's',
        [panel.query(users.quantile(0.75, 'browser_lcp_seconds', by='device'), '{{device}}'), slo_targets.line('lcp')],
        users.silent,
        width=6,
      ) + slo_targets.latency('lcp') + panel.limit_series('target'),
      panel.timeseries(
        'Largest paint by connection',
        'p75 of page loads by the effective type of the connection. Only Chromium reports it; `other` are all others.',
        's',
        [panel.query(users.quantile(0.75, 'browser_lcp_seconds', by='connection'), '{{connection}}'), slo_targets.line('lcp')],
        users.silent,
        width=6,
      ) + slo_targets.latency('lcp') + panel.limit_series('target'),
    ],

    work:: [
      latency(
        'interactive-after-navigation',
        'Change of route (field)',
        'browser_route_change_seconds',
        'route',
        'Without a page load: from the click to the paint of the new route with its data, p75 by route. These are never mixed with page loads.',
        'No change of route was reported: the pages are loaded one by one, or no agent is on them.',
      ),
      latency(
        'search-response',
        'Search (field)',
        'browser_search_seconds',
        'device',
        'From the query to its results on the screen, p95 by device. Compare with Searches (traffic): the rest is network and rendering.',
        'No search was reported: mark the field with data-pantrywatch="search", see docs/frontend.md.',
      ),
      latency(
        'form-submission',
        'Form (field)',
        'browser_form_submission_seconds',
        'device',
        'From the submission to its feedback on the screen, p95 by device. Compare with Forms (traffic).',
        'No form was reported: mark it with data-pantrywatch="form", see docs/frontend.md.',
      ),
    ],
  }
