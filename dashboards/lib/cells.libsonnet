// Properties of a table's column, for panel.table; add them up.
local panel = import 'panel.libsonnet';
local colours = panel.colours;

{
  // Colours from a value on, as [[null, colours.kept], [0.8, colours.near]].
  steps(pairs):: { mode: 'absolute', steps: [{ color: pair[1], value: pair[0] } for pair in pairs] },
  // Value → [text, colour].
  texts(values):: [{
    type: 'value',
    options: { [key]: { text: values[key][0], color: values[key][1] } for key in std.objectFields(values) },
  }],
  // The text takes the colour of its limits or of its state.
  coloured(fields):: { 'custom.cellOptions': { type: 'color-text' } } + fields,
  // A bar from `min` to `max` beside the number.
  bar(min, max, fields):: {
    'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
    min: min,
    max: max,
  } + fields,
  // A click leads there; ${__value.raw} is what the cell holds.
  link(title, url):: { links: [{ title: title, url: url, targetBlank: false }] },

  // States as numbers → words, the same on every board.
  states:: {
    health: {
      '0': ['healthy', colours.kept],
      '1': ['degraded', colours.broken],
      '2': ['unhealthy', colours.hurt],
    },
    // Of a target: see promise.state.
    promise: {
      '0': ['not measured', colours.unknown],
      '1': ['kept', colours.kept],
      '2': ['no data', colours.unknown],
      '3': ['at risk', colours.near],
      '4': ['missed', colours.broken],
      '5': ['degraded', colours.broken],
      '6': ['users hurt', colours.hurt],
    },
    severity: {
      '4': ['critical', colours.hurt],
      '3': ['high', colours.broken],
      '2': ['medium', colours.near],
      '1': ['low', colours.plain],
    },
    up: { '0': ['down', colours.hurt], '1': ['up', colours.kept] },
  },
}
