// What stands on the board of every layer: its promises, its firing alerts, and what the exporter may not see.
local cells = import 'cells.libsonnet';
local panel = import 'panel.libsonnet';
local promise = import 'promise.libsonnet';
local colours = panel.colours;

local ids_of_all = [target.id for target in promise.targets];
// The parts of settings.yaml (`requires` of a target), as what they are.
local feeding = {
  application: 'metrics of the application',
  browser: 'checks in a browser (part browser)',
  capacity: 'a capacity run (part capacity)',
  frontend: 'browsers of users (part frontend)',
  synthetic: 'checks from outside',
};

local alert_labels = 'alertname, severity, target, component, instance';

// Which board shows the alerts of a component; those of a target lead to the target.
local boards = {
  host: 'crm-infrastructure',
  'check|certificate': 'crm-synthetic',
  'collector|scrape|prometheus|alertmanager': 'crm-monitoring',
};
local with_board(alerts) = std.foldl(
  function(sum, components) 'label_replace(%s, "board", "%s", "component", "%s")' % [sum, boards[components], components],
  std.objectFields(boards),
  'label_replace(%s, "board", "crm-$1", "component", "(.+)")' % alerts
);

cells {
  // A column judged by a promise, such as promise.latency(id).
  judged(limits, fields={}):: cells.coloured({ thresholds: limits.fieldConfig.defaults.thresholds } + fields),

  // Component → board, for whoever compares it with the alerts.
  boards:: boards,

  // Promised against measured for the targets `ids` (all by default), the worst first; with `fed`, what each is measured by.
  promised(ids=ids_of_all, width=15, height=6, fed=false)::
    local which = if ids == ids_of_all then '' else '{target=~"%s"}' % std.join('|', ids);
    local of(metric) = 'max by (target) (%s%s)' % [metric, which];
    panel.table(
      'Promised and measured',
      'Each promise in the words of the document, and the share of good events that was measured; basis says whose experience it is. Good: state kept, and most of the allowance of 30 days left. "Not measured": nothing here feeds it, which is not the same as kept. A click on a promise shows how bad it is, how fast, and what did it.',
      'percentunit',
      [
        panel.rows('max by (target, basis, requires) (slo:measured:bool%s)' % which),
        panel.rows(promise.state(which, capacity=std.member([promise.of(id).kind for id in ids], 'capacity'))),
        panel.rows(of('slo:objective:ratio')),
        panel.rows('1 - ' + of('slo:sli_error:ratio_rate1h')),
        panel.rows('1 - ' + of('slo:sli_error:ratio_rate30d')),
        panel.rows(of('slo:period_error_budget_remaining:ratio')),
        panel.rows(of('slo:current_burn_rate:ratio')),
      ],
      'No recording rule of the targets has run yet: is Prometheus younger than two minutes, or do its rules fail?',
      [
        ['target', 'Promise', cells.link('This promise in depth', '/d/crm-slo?var-target=${__value.raw}&${__url_time_range}') {
          mappings: [{ type: 'value', options: { [id]: { text: promise.said(id) } for id in ids } }],
          'custom.minWidth': 220,
        }],
        ['basis', 'Basis', { 'custom.width': 65 }],
      ] + (if fed then [['requires', 'Measured by', {
             mappings: [{ type: 'value', options: { [part]: { text: feeding[part] } for part in std.objectFields(feeding) } }],
             'custom.minWidth': 240,
           }]] else []) + [
        ['Value #B', 'State', cells.coloured({
          unit: 'none',
          decimals: 0,
          mappings: cells.texts(cells.states.promise),
          'custom.width': 105,
        })],
        ['Value #C', 'Promised', { 'custom.width': 80 }],
        ['Value #D', 'Last hour', { 'custom.width': 80 }],
        ['Value #E', '30 days', { 'custom.width': 80 }],
        ['Value #F', 'Budget left', cells.bar(0, 1, {
          decimals: 0,
          thresholds: cells.steps(promise.budget_steps),
          'custom.width': 110,
        })],
        ['Value #G', 'Burn now', cells.coloured({
          unit: 'none',
          decimals: 1,
          thresholds: cells.steps(promise.burn_steps),
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
      'What Prometheus alerts about %s, the most severe first. Good: nothing. The name leads to its runbook, which says what to do; who was told is in Alertmanager.'
      % (if matchers == [] then 'anywhere' else 'in this layer'),
      'none',
      [
        panel.rows(with_board('max by (%s) ((%s)%s)' % [alert_labels, firing, of_these('ALERTS')])),
        panel.rows('1000 * min by (%s) ((ALERTS_FOR_STATE%s) and ignoring (alertstate) ALERTS{alertstate="firing", severity!="none"})' % [alert_labels, of_these('ALERTS_FOR_STATE')]),
      ],
      'No alert %s fires.' % (if matchers == [] then 'of this installation' else 'of this layer'),
      [
        ['Value #A', 'Severity', cells.coloured({ decimals: 0, mappings: cells.texts(severities), 'custom.width': 80 })],
        ['alertname', 'Alert', cells.link('Runbook', '${runbooks}docs/runbooks/${__value.raw}.md') { 'custom.minWidth': 170 }],
        ['target', 'Target', cells.link('This promise in depth', '/d/crm-slo?var-target=${__value.raw}&${__url_time_range}')],
        ['instance', 'Where', { 'custom.width': 80 }],
      ] + (if matchers == [] then [
             ['board', 'Board', cells.link('Where to look', '/d/${__value.raw}?${__url_time_range}') { 'custom.width': 135 }],
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
      'Privileges of the monitoring',
      'What the login of the exporter may see. A panel that needs a missing privilege is empty, never zero. Good: all granted. Else: `pantrywatch-exporter validate` prints the SQL or the ACL that grants it.',
      'none',
      [panel.rows(std.foldl(
        function(sum, name) 'label_replace(%s, "panels", "%s", "privilege", "%s")' % [sum, panels[name], name],
        std.objectFields(panels),
        privilege,
      ))],
      'The exporter says nothing of its privileges: it does not answer, or is not ours.',
      [
        ['instance', 'Server', { 'custom.width': 110 }],
        ['privilege', 'Privilege', { 'custom.width': 160 }],
        ['Value', 'State', cells.coloured({
          decimals: 0,
          mappings: cells.texts({ '0': ['missing', colours.broken], '1': ['granted', colours.kept] }),
          'custom.width': 90,
        })],
        ['panels', 'Without it there is no', {}],
      ],
      'State',
      width,
      height,
      descending=false,
    ),
}
