// Properties of a table's column, for panel.table; add them up.
local panel = import 'panel.libsonnet';
local colors = panel.colors;

{
  // Colors from a value on, as [[null, colors.kept], [0.8, colors.near]].
  steps(pairs):: { mode: 'absolute', steps: [{ color: pair[1], value: pair[0] } for pair in pairs] },
  // Value → [text, color].
  texts(values):: [{
    type: 'value',
    options: { [key]: { text: values[key][0], color: values[key][1] } for key in std.objectFields(values) },
  }],
  // The text takes the color of its limits or of its state.
  colored(fields):: { 'custom.cellOptions': { type: 'color-text' } } + fields,
  // A bar from `min` to `max` beside the number.
  bar(min, max, fields):: {
    'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
    min: min,
    max: max,
  } + fields,
  // A click leads there; ${__value.raw:percentencode} is what the cell holds (a route may have + & # or %).
  link(title, url):: { links: [{ title: title, url: url, targetBlank: false }] },

  // States as numbers → words, the same on every board.
  states:: {
    health: {
      '0': ['healthy', colors.kept],
      '1': ['degraded', colors.broken],
      '2': ['unhealthy', colors.hurt],
      '3': ['unknown', colors.unknown],
    },
    // Of a target: see slo_targets.state.
    promise: {
      '-1': ['no data yet', colors.unknown],
      '0': ['not measured', colors.unknown],
      '1': ['met', colors.kept],
      '2': ['no data', colors.unknown],
      '3': ['at risk', colors.near],
      '4': ['missed', colors.broken],
      '5': ['degraded', colors.broken],
      '6': ['users affected', colors.hurt],
    },
    severity: {
      '4': ['critical', colors.hurt],
      '3': ['high', colors.broken],
      '2': ['medium', colors.near],
      '1': ['low', colors.plain],
    },
    up: { '0': ['down', colors.hurt], '1': ['up', colors.kept] },
  },
}
