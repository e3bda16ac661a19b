// What a board can be narrowed to.
local datasource = { type: 'prometheus', uid: '${datasource}' };

local query(name, label, selector, of, description) = {
  local text = 'label_values(%s, %s)' % [selector, of],
  type: 'query',
  name: name,
  label: label,
  description: description,
  datasource: datasource,
  definition: text,
  query: { query: text, qryType: 1, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
  // With the time range: what is gone is not offered.
  refresh: 2,
  sort: 1,
  regex: '',
  hide: 0,
  skipUrlSync: false,
  options: [],
};

{
  // On every board, first; see board.libsonnet.
  datasource:: {
    type: 'datasource',
    name: 'datasource',
    label: 'Data source',
    description: 'The Prometheus server to query.',
    query: 'prometheus',
    refresh: 1,
    regex: '',
    hide: 0,
    skipUrlSync: false,
    multi: false,
    includeAll: false,
    options: [],
    current: {},
  },

  // On every board: the prefix of paths of runbooks and terms. The mixin sets it (`runbookPrefix`).
  runbooks:: {
    type: 'constant',
    name: 'runbooks',
    label: 'Runbooks',
    description: 'Where the runbooks are served: prefix of docs/runbooks/ and docs/terms.md.',
    query: '/',
    hide: 2,
    skipUrlSync: true,
    options: [],
    current: {},
  },

  // Several values or all: use it as {label=~"$name"}. `of`: the label its values come from, of the series selected.
  many(name, label, selector, of, description=''):: query(name, label, selector, of, description) {
    multi: true,
    includeAll: true,
    allValue: '.+',
    current: { selected: true, text: ['All'], value: ['$__all'] },
  },

  // Exactly one value: use it as {label="$name"}.
  one(name, label, selector, of, description=''):: query(name, label, selector, of, description) {
    multi: false,
    includeAll: false,
    current: {},
  },
}
