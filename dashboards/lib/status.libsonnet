// What stands on the board of every layer: its promises, its firing alerts, and what the exporter may not see.
local panel = import 'panel.libsonnet';
local promise = import 'promise.libsonnet';
local colours = panel.colours;

// The severities as numbers, to sort by.
local severities = { critical: 4, high: 3, medium: 2, low: 1 };
local ranks = std.join(' or ', [
  'label_replace(vector(%d), "severity", "%s", "", "")' % [severities[name], name]
  for name in std.objectFields(severities)
]);

local coloured(fields) = { 'custom.cellOptions': { type: 'color-text' } } + fields;
local steps(pairs) = { mode: 'absolute', steps: [{ color: pair[1], value: pair[0] } for pair in pairs] };
local texts(values) = [{ type: 'value', options: { [key]: { text: values[key][0], color: values[key][1] } for key in std.objectFields(values) } }];

// The document's words; with the name in front where they do not begin with it.
local said(target) =
  local begins = std.startsWith(std.asciiLower(target.statement), std.asciiLower(target.title));
  if begins then target.statement else target.title + ': ' + target.statement;

// The parts of settings.yaml (`requires` of a target), as what they are.
local feeding = {
  application: 'metrics of the application',
  browser: 'checks in a browser (part browser)',
  capacity: 'a capacity run (part capacity)',
  frontend: 'browsers of users (part frontend)',
  synthetic: 'checks from outside',
};

local alert_labels = 'alertname, severity, target, component, instance';

{
  // Value mappings for a property of a column: value → [text, colour].
  texts:: texts,
  steps:: steps,
  coloured:: coloured,
  // A column judged by a promise, such as promise.latency(id).
  judged(limits, fields={}):: coloured({ thresholds: limits.fieldConfig.defaults.thresholds } + fields),

  // Promised against measured for the targets `ids`, the worst first; with `fed`, what each is measured by.
  promised(ids, width=14, height=6, fed=false)::
    local chosen = [promise.of(id) for id in ids];
    local which = '{target=~"%s"}' % std.join('|', ids);
    local of(metric) = 'max by (target) (%s%s)' % [metric, which];
    panel.table(
      'Promised and measured',
      'The promises of this layer, in words: '
      + std.join(' ', [said(target) + '.' for target in chosen])
      + ' Measured is the share of good events; basis says whose experience it is. Good: state healthy, budget left above 20 %. A click on a promise shows how bad it is, how fast, and what did it.',
      'percentunit',
      [
        panel.rows('max by (target, basis, requires) (slo:measured:bool%s)' % which),
        panel.rows('%s or (%s) - 1' % [of('target:health:state'), 'max by (target) (slo:measured:bool%s == 0)' % which]),
        panel.rows(of('slo:objective:ratio')),
        panel.rows('1 - ' + of('slo:sli_error:ratio_rate1h')),
        panel.rows('1 - ' + of('slo:sli_error:ratio_rate30d')),
        panel.rows(of('slo:period_error_budget_remaining:ratio')),
        panel.rows(of('slo:current_burn_rate:ratio')),
      ],
      'No recording rule of the targets has run yet: is Prometheus younger than two minutes, or do its rules fail?',
      [
        ['target', 'Promise', {
          mappings: [{ type: 'value', options: { [target.id]: { text: said(target) } for target in chosen } }],
          links: [{ title: 'This promise in depth', url: '/d/crm-slo?var-target=${__value.raw}&${__url_time_range}', targetBlank: false }],
          'custom.minWidth': 250,
        }],
        ['basis', 'Basis', { 'custom.width': 70 }],
      ] + (if fed then [['requires', 'Measured by', {
             mappings: [{ type: 'value', options: { [part]: { text: feeding[part] } for part in std.objectFields(feeding) } }],
             'custom.minWidth': 190,
           }]] else []) + [
        ['Value #B', 'State', coloured({
          unit: 'none',
          decimals: 0,
          mappings: texts({
            '-1': ['not measured', colours.unknown],
            '0': ['healthy', colours.kept],
            '1': ['degraded', colours.broken],
            '2': ['unhealthy', colours.hurt],
          }),
          'custom.width': 110,
        })],
        ['Value #C', 'Promised', { 'custom.width': 85 }],
        ['Value #D', 'Last hour', { 'custom.width': 85 }],
        ['Value #E', '30 days', { 'custom.width': 80 }],
        ['Value #F', 'Budget left', coloured({
          decimals: 0,
          thresholds: steps([[null, colours.broken], [0, colours.near], [0.2, colours.kept]]),
          'custom.width': 90,
        })],
        ['Value #G', 'Burn now', coloured({
          unit: 'none',
          decimals: 1,
          thresholds: steps([[null, colours.kept], [0.8, colours.near], [1, colours.broken], [promise.tiers[0].factor, colours.hurt]]),
          'custom.width': 80,
        })],
      ],
      'State',
      width,
      height,
    ),

  // Alerts that fire, the most severe first. `matchers`: a list, of which one must fit.
  firing(matchers, width=10, height=6)::
    local of(metric, more) = std.join(' or ', ['%s{%s}' % [metric, std.join(', ', more + [each])] for each in matchers]);
    local firing = of('ALERTS', ['alertstate="firing"']);
    panel.table(
      'Firing alerts',
      'What Prometheus alerts about in this layer, the most severe first. Good: nothing. Each has a page of the same name in docs/runbooks that says what to do; who was told is in Alertmanager.',
      'none',
      [
        panel.rows('max by (%s) (%s) * on (severity) group_left () (%s)' % [alert_labels, firing, ranks]),
        panel.rows('1000 * min by (%(labels)s) (%(since)s) and on (%(labels)s) (%(firing)s)' % {
          labels: alert_labels,
          since: of('ALERTS_FOR_STATE', []),
          firing: firing,
        }),
      ],
      'No alert of this layer fires.',
      [
        ['Value #A', 'Severity', coloured({
          decimals: 0,
          mappings: texts({
            '4': ['critical', colours.hurt],
            '3': ['high', colours.broken],
            '2': ['medium', colours.near],
            '1': ['low', colours.plain],
          }),
          'custom.width': 80,
        })],
        ['alertname', 'Alert', { 'custom.minWidth': 170 }],
        ['target', 'Target'],
        ['instance', 'Where', { 'custom.width': 90 }],
        ['Value #B', 'Since', { unit: 'dateTimeFromNow', 'custom.width': 120 }],
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
        ['Value', 'State', coloured({
          decimals: 0,
          mappings: texts({ '0': ['missing', colours.broken], '1': ['granted', colours.kept] }),
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
