// How a field (a series, a column) is shown: the panel's defaults and overrides, texts for values, colors.
import { colorNamed, PALETTE } from './colors.js';
import { format } from './units.js';
import { replaced } from './variables.js';

// The field's own settings. `refId`: of its query; overrides name a field as it is shown.
export function configOf(field, refId, panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const config = { ...defaults, custom: { ...defaults.custom } };
  for (const { matcher, properties } of overrides) {
    if (!matches(matcher, field, refId)) continue;
    for (const { id, value } of properties) {
      if (id.startsWith('custom.')) config.custom[id.slice('custom.'.length)] = value;
      else config[id] = value;
    }
  }
  return config;
}

function matches({ id, options }, field, refId) {
  const shown = field.series ?? field.name;
  if (id === 'byName') return options === shown || options === field.name;
  if (id === 'byNames') return (options.names ?? []).includes(shown);
  if (id === 'byRegexp') return new RegExp(options.replace(/^\/(.*)\/\w*$/, '$1')).test(shown);
  if (id === 'byFrameRefID') return options === refId;
  return id === 'byType' && options === field.type;
}

export function nameOf(field, config) {
  if (!config.displayName) return field.series ?? field.name;
  return replaced(config.displayName, (name, path) => dataOf(field, null, null)(path ? `${name}.${path}` : name) ?? '');
}

// What a link or name can hold of the value at hand: __field.labels.x, __value.raw, __data.fields.x …
export function dataOf(field, row, config, frame) {
  return (path) => {
    const label = /^__(?:field|series)\.labels\.(.+)$/.exec(path)?.[1];
    if (label) return field.labels?.[label.replace(/^\["?|"?\]$/g, '')];
    if (path === '__field.name' || path === '__series.name') return field.series ?? field.name;
    if (path === '__field.displayName') return config ? nameOf(field, config) : field.name;
    if (path === '__value.raw' || path === '__value.numeric') return field.values[row ?? field.values.length - 1];
    if (path === '__value.text') return shown(field.values[row ?? field.values.length - 1], config).text;
    const column = /^__data\.fields(?:\.|\[["']?)(.+?)(?:["']?\])?(?:\.text|\.numeric)?$/.exec(path)?.[1];
    return frame?.fields.find((each, index) => each.name === column || each.shownAs === column || String(index) === column)?.values[row ?? 0];
  };
}

function mapped(value, mappings) {
  for (const { type, options } of mappings ?? []) {
    if (type === 'value' && String(value) in options) return options[String(value)];
    if (type === 'range' && value !== null && (options.from ?? -Infinity) <= value && value <= (options.to ?? Infinity)) return options.result;
    if (type === 'regex' && new RegExp(options.pattern.replace(/^\/(.*)\/\w*$/, '$1')).test(String(value))) return options.result;
    if (type === 'special' && special(value, options.match)) return options.result;
  }
  return null;
}

function special(value, match) {
  const nothing = value === null || value === undefined;
  const noNumber = Number.isNaN(value);
  return { null: nothing, nan: noNumber, 'null+nan': nothing || noNumber, empty: value === '' }[match] ?? false;
}

export function stepOf(value, config) {
  const { steps = [], mode } = config.thresholds ?? {};
  const { min = 0, max = 100 } = config;
  const measure = mode === 'percentage' ? ((value - min) / (max - min)) * 100 : value;
  return steps.findLast((step) => step.value === null || step.value === undefined || measure >= step.value);
}

// { text, color, nothing } of one value; `index` of the field chooses among the palette's colors.
export function shown(value, config, index = 0) {
  const own = mapped(value, config.mappings);
  const nothing = value === null || value === undefined || value === '';
  const text = own?.text ?? (nothing ? config.noValue ?? '' : written(value, config));
  return { text, nothing: nothing && !own, color: own?.color ? colorNamed(own.color) : colorOf(value, config, index) };
}

function written(value, config) {
  return typeof value === 'number' ? format(value, config.unit, config.decimals) : String(value);
}

// The color a value has, or a series as a whole.
export function colorOf(value, config, index = 0) {
  const { mode = 'thresholds', fixedColor } = config.color ?? {};
  if (mode === 'fixed' || mode === 'shades') return colorNamed(fixedColor);
  if (mode.startsWith('palette')) return PALETTE[index % PALETTE.length];
  return typeof value === 'number' ? colorNamed(stepOf(value, config)?.color) : colorNamed('text');
}

const numbers = (values) => values.filter((value) => value !== null && !Number.isNaN(value));

const CALCULATIONS = {
  lastNotNull: (values) => values.findLast((value) => value !== null && !Number.isNaN(value)) ?? null,
  last: (values) => values.at(-1) ?? null,
  firstNotNull: (values) => numbers(values)[0] ?? null,
  first: (values) => values[0] ?? null,
  min: (values) => numbers(values).reduce((least, value) => Math.min(least, value), Infinity),
  max: (values) => numbers(values).reduce((most, value) => Math.max(most, value), -Infinity),
  sum: (values) => numbers(values).reduce((sum, value) => sum + value, 0),
  mean: (values) => CALCULATIONS.sum(values) / numbers(values).length,
  count: (values) => values.length,
  range: (values) => CALCULATIONS.max(values) - CALCULATIONS.min(values),
  delta: (values) => (numbers(values).at(-1) ?? 0) - (numbers(values)[0] ?? 0),
  diff: (values) => CALCULATIONS.delta(values),
};
const WORDS = { lastNotNull: 'Last', last: 'Last', firstNotNull: 'First', first: 'First', min: 'Min', max: 'Max', sum: 'Total', mean: 'Mean', count: 'Count', range: 'Range', delta: 'Delta', diff: 'Difference' };

// One number for a series.
export function reduced(values, calculation) {
  const calculate = CALCULATIONS[calculation];
  if (!calculate) throw new Error(`this page does not know the calculation "${calculation}"; Grafana draws it`);
  return numbers(values).length || calculation.startsWith('last') ? calculate(values) : null;
}

export const calculationName = (calculation) => WORDS[calculation] ?? calculation;
