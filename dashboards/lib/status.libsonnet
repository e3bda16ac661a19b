// What is on the board of every layer: its targets, its firing alerts, and what the exporter may not read.
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local cells = import 'table_cells.libsonnet';
  local history = import 'history.libsonnet';
  local panel = import 'panel.libsonnet';
  local slo_targets = (import 'slo_targets.libsonnet')(config);
  local colors = panel.colors;

  local ids_of_all = [target.id for target in slo_targets.targets];
  // What a target requires, in words.
  local feeding = std.parseYaml(importstr '../../components.yaml').data_sources;

  local alert_labels = 'alertname, severity, target, component, instance';

  // Which board shows the alerts of a component; those of a target lead to the target. Boards of their component's name
  // need no entry.
  local components = import '../../alert_rules/lib/components.libsonnet';
  local others = [name for name in std.objectFields(components) if components[name].board != 'crm-' + name];
  local boards = {
    [std.join('|', [name for name in others if components[name].board == board])]: board
    for board in std.set([components[name].board for name in others])
  };
  local with_board(alerts) = std.foldl(
    function(sum, components) 'label_replace(%s, "board", "%s", "component", "%s")' % [sum, boards[components], components],
    std.objectFields(boards),
    'label_replace(%s, "board", "crm-$1", "component", "(.+)")' % alerts
  );

  cells {
    // A column judged by a promise, such as slo_targets.latency(id).
    judged(limits, fields={}):: cells.colored({ thresholds: limits.fieldConfig.defaults.thresholds } + fields),

    // Component → board, for whoever compares it with the alerts.
    boards:: boards,

    // Promised against measured for the targets `ids` (all by default), the worst first; with `fed`, what each is measured by.
    promised(ids=ids_of_all, width=15, height=6, fed=false)::
      local which = if ids == ids_of_all then '' else '{target=~"%s"}' % std.join('|', ids);
      local of(metric) = 'max by (target) (%s%s)' % [metric, which];
      // What was once counted is no figure of a target that nothing feeds any more.
      local fed_now(expr) = '(%s) and on (target) %s == 1' % [expr, series.measured];
      panel.table(
        'Targets vs. measurements',
        'Each target in the words of the document, and the measured share of good events; basis says how it is measured. Good: state met, and most of the 30-day error budget left. "Not measured": nothing here feeds it, which is not the same as met. Click a target to see how bad it is, how fast its budget goes, and why.',
        'percentunit',
        [
          panel.rows(('max by (target, basis, requires) (' + series.measured + '%s)') % which),
          panel.rows(slo_targets.state(
            which,
            capacity=std.member([slo_targets.of(id).kind for id in ids], 'capacity'),
            application=std.setInter(std.set(std.flatMap(function(id) slo_targets.of(id).requires, ids)), ['application', 'statements']) != [],
          )),
          panel.rows(of(series.objective)),
          panel.rows(fed_now('1 - ' + of(series.error_ratio('1h')))),
          panel.rows(fed_now(slo_targets.over_days('1 - ' + of(series.error_ratio('30d')), which))),
          panel.rows(fed_now(of(series.budget_remaining))),
          panel.rows(fed_now(of(series.current_burn_rate))),
        ],
        'Target rules have not run yet: did Prometheus start less than two minutes ago, or are its rules failing?',
        [
          ['target', 'Target', cells.link('Target in detail', '/d/crm-slo?var-target=${__value.raw:percentencode}&${__url_time_range}') {
            mappings: [{ type: 'value', options: { [id]: { text: slo_targets.said(id) } for id in ids } }],
            'custom.minWidth': 220,
          }],
          ['basis', 'Basis', { 'custom.width': 65 }],
        ] + (if fed then [['requires', 'Measured by', {
               mappings: [{ type: 'value', options: { [part]: { text: feeding[part] } for part in std.objectFields(feeding) } }],
               'custom.minWidth': 240,
             }]] else []) + [
          ['Value #B', 'State', cells.colored({
            unit: 'none',
            decimals: 0,
            mappings: cells.texts(cells.states.promise),
            'custom.width': 105,
          })],
          ['Value #C', 'Objective', { 'custom.width': 80 }],
          ['Value #D', 'Last hour', { 'custom.width': 80 }],
          ['Value #E', '30 days', { 'custom.width': 80, mappings: cells.texts(history.mapping) }],
          ['Value #F', 'Budget left', cells.bar(0, 1, {
            decimals: 0,
            thresholds: cells.steps(slo_targets.budget_steps),
            'custom.width': 110,
          })],
          ['Value #G', 'Burn now', cells.colored({
            unit: 'none',
            decimals: 1,
            thresholds: cells.steps(slo_targets.burn_steps),
            'custom.width': 75,
          })],
        ],
        'State',
        width,
        height,
      ),

    // Alerts that fire, the most severe first. `matchers`: a list, of which one must fit; none for all alerts.
    firing(matchers=[], width=9, height=6)::
      local severities = cells.states.severity;
      local of_these(series) = if matchers == [] then '' else '\nand (%s)' % std.join(' or ', [
        '%s{%s}' % [series, matcher]
        for matcher in matchers
      ]);
      local firing = std.join(' or ', [
        '%s * ALERTS{alertstate="firing", severity="%s"}' % [rank, severities[rank][0]]
        for rank in std.reverse(std.objectFields(severities))
      ]);
      panel.table(
        'Firing alerts',
        'Firing alerts %s, most severe first. Good: none. Click an alert to open its runbook; Alertmanager shows who was notified.'
        % (if matchers == [] then 'of all layers' else 'of this layer'),
        'none',
        [
          panel.rows(with_board('max by (%s) ((%s)%s)' % [alert_labels, firing, of_these('ALERTS')])),
          panel.rows('1000 * min by (%s) ((ALERTS_FOR_STATE%s) and ignoring (alertstate) ALERTS{alertstate="firing", severity!="none"})' % [alert_labels, of_these('ALERTS_FOR_STATE')]),
        ],
        if matchers == [] then 'No alert is firing.' else 'No alert of this layer is firing.',
        [
          ['Value #A', 'Severity', cells.colored({ decimals: 0, mappings: cells.texts(severities), 'custom.width': 80 })],
          ['alertname', 'Alert', cells.link('Runbook', '${runbooks}docs/runbooks/${__value.raw:percentencode}.md') { 'custom.minWidth': 170 }],
          ['target', 'Target', cells.link('Target in detail', '/d/crm-slo?var-target=${__value.raw:percentencode}&${__url_time_range}')],
          ['instance', 'Where', { 'custom.width': 80 }],
        ] + (if matchers == [] then [
               ['board', 'Board', cells.link('Open board', '/d/${__value.raw:percentencode}?${__url_time_range}') { 'custom.width': 135 }],
             ] else []) + [
          ['Value #B', 'Since', { unit: 'dateTimeFromNow', 'custom.width': 105 }],
        ],
        'Severity',
        width,
        height,
      ),

    // What a role or user of the monitoring may not see. `selector` chooses the servers; `panels`: privilege → the panels
    // that are blind without it.
    privileges(selector, panels, width=12, height=6)::
      local privilege = 'min by (instance, privilege) (pantrywatch_privilege_granted{%s})' % selector;
      panel.table(
        'Exporter privileges',
        "What the exporter's login may read. A panel that needs a missing privilege is empty, never zero. Good: all granted. Otherwise `pantrywatch-exporter validate` prints the SQL or the ACL that grants it.",
        'none',
        [panel.rows(std.foldl(
          function(sum, name) 'label_replace(%s, "panels", "%s", "privilege", "%s")' % [sum, panels[name], name],
          std.objectFields(panels),
          privilege,
        ))],
        'The exporter does not report its privileges: it is down, or not from pantrywatch.',
        [
          ['instance', 'Server', { 'custom.width': 110 }],
          ['privilege', 'Privilege', { 'custom.width': 160 }],
          ['Value', 'State', cells.colored({
            decimals: 0,
            mappings: cells.texts({ '0': ['missing', colors.broken], '1': ['granted', colors.kept] }),
            'custom.width': 90,
          })],
          ['panels', 'Needed for', {}],
        ],
        'State',
        width,
        height,
        descending=false,
      ),
  }
