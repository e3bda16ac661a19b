// Who needs whom, and does it answer? The parts and their needs are those of components.yaml; a part that nothing here watches
// has no row.
function(config)
  local parts = std.parseYaml(importstr '../../components.yaml').dependencies;
  local cells = import '../lib/table_cells.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local alerts = config.alerts;
  local colors = panel.colors;

  local states = {
    '0': ['up', colors.kept],
    '1': ['degraded', colors.broken],
    '2': ['down', colors.hurt],
    '3': ['unknown', colors.unknown],
  };
  local none = 'No part of the application is watched, or the rules of the network have not run yet.';

  local names = std.objectFields(parts);
  local needed = std.set(std.flatMap(function(name) std.get(parts[name], 'needs', []), names));
  // Who needs it, and what is needed; what no part needs is what users open.
  local edges = [['', name] for name in names if !std.member(needed, name)]
                + [[name, need] for name in names for need in std.get(parts[name], 'needs', [])];
  local of(part) = 'max by (dependency) (crm:dependency:state{dependency="%s"})' % part;
  local edge(by, part) = 'label_replace(%s%s, "needed_by", "%s", "", "")' % [
    of(part),
    if by == '' then '' else ' and on () ' + of(by),
    if by == '' then 'Users' else parts[by].title,
  ];
  local state = std.join(' or ', [edge(one[0], one[1]) for one in edges]);
  // The value of a part on each of its lines.
  local of_part(expr) = '0 * (%s) + on (dependency) group_left () (%s)' % [state, expr];

  [
    panel.table(
      'Parts of the application',
      'Each part, who needs it, and its state now, as its exporter and the checks that connect to it say. Good: all up. Degraded: one of several servers or checks fails, or packets are lost on the way. Unknown: nobody can tell, which is not up. Start with the lowest part that is not up: what needs it suffers from it.',
      'none',
      [
        panel.rows(state),
        panel.rows(of_part('histogram_quantile(0.95, sum by (dependency, le) (rate(pantrywatch_check_connect_seconds_bucket[15m])))')),
        panel.rows(of_part('max by (dependency) (%s)' % std.stripChars(signals.network.loss.expr(range='15m'), '\n'))),
      ],
      none,
      [
        ['needed_by', 'Needed by', { 'custom.width': 110 }],
        ['dependency', 'Part', { mappings: [{ type: 'value', options: { [name]: { text: parts[name].title } for name in names } }] }],
        ['Value #A', 'State', cells.colored({ decimals: 0, mappings: cells.texts(states), 'custom.width': 90 })],
        ['Value #B', 'Connect p95', { unit: 's', decimals: 1, 'custom.width': 105 }],
        ['Value #C', 'Lossy connects', cells.colored({ unit: 'percentunit', decimals: 1, thresholds: cells.steps([[null, colors.kept], [alerts.CrmNetworkLoss.share, colors.broken]]), 'custom.width': 105 })],
      ],
      'State',
      height=7,
    ),
    panel.states(
      'State of each part over time',
      'State of each part, and since when. Good: always up. Several at once: the lowest of them is the cause, as the table of parts says who needs whom; a gap: the rules did not run.',
      [panel.query('max by (dependency) (crm:dependency:state)', '{{dependency}}')],
      none,
      height=7,
    ) + panel.texts(states),
  ]
