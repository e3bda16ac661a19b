// Grafana's transformations of frames, as far as the boards use them. An unknown one is an error in its panel.
import { calculationName, reduced } from './fields.js';

const KNOWN = { merge, organize, sortBy, limit, filterFieldsByName, labelsToFields, timeSeriesTable, joinByField, reduce: reduceFrames };

export function transformed(frames, panel) {
  return (panel.transformations ?? []).filter(({ disabled }) => !disabled).reduce((now, { id, options = {} }) => {
    if (!KNOWN[id]) throw new Error(`this page does not know the transformation "${id}"; Grafana does`);
    return now.length ? KNOWN[id](now, options) : now;
  }, frames);
}

const rowCount = (frame) => frame.fields[0]?.values.length ?? 0;

// Rows that agree in all columns they share become one.
function merge(frames) {
  if (frames.length < 2) return frames;
  const columns = new Map();
  for (const field of frames.flatMap((frame) => frame.fields)) if (!columns.has(field.name)) columns.set(field.name, { ...field, values: [] });
  const shared = [...columns.keys()].filter((name) => frames.every((frame) => frame.fields.some((field) => field.name === name)));
  const rows = new Map();
  for (const frame of frames) for (let index = 0; index < rowCount(frame); index += 1) place(rows, shared, rowOf(frame, index));
  const all = [...rows.values()].flat();
  for (const [name, field] of columns) field.values = all.map((row) => row[name] ?? null);
  return [{ ...frames[0], series: false, fields: [...columns.values()] }];
}

function rowOf(frame, index) {
  return Object.fromEntries(frame.fields.map((field) => [field.name, field.values[index]]));
}

function place(rows, shared, row) {
  const key = JSON.stringify(shared.map((name) => row[name] ?? null));
  const same = rows.get(key) ?? [];
  const fitting = same.find((other) => Object.entries(row).every(([name, value]) => (other[name] ?? null) === null || value === null || other[name] === value));
  if (fitting) Object.assign(fitting, Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)));
  else rows.set(key, [...same, row]);
}

function organize(frames, { includeByName = {}, excludeByName = {}, indexByName = {}, renameByName = {} }) {
  const included = Object.keys(includeByName).filter((name) => includeByName[name]);
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields
      .filter(({ name }) => (included.length ? included.includes(name) : !excludeByName[name]))
      .toSorted((one, other) => (indexByName[one.name] ?? 999) - (indexByName[other.name] ?? 999))
      .map((field) => ({ ...field, name: renameByName[field.name] || field.name, was: field.name })),
    // Links may use a column that is not shown.
    all: frame.fields,
  }));
}

function sortBy(frames, { sort = [] }) {
  return frames.map((frame) => {
    const by = frame.fields.find(({ name }) => name === sort[0]?.field);
    return by ? reordered(frame, order(by.values, sort[0].desc)) : frame;
  });
}

// The rows' numbers in order; nothing comes last either way.
export function order(values, descending) {
  const direction = descending ? -1 : 1;
  const empty = (value) => value === null || value === undefined || Number.isNaN(value);
  const compare = (one, other) => (typeof one === 'number' && typeof other === 'number' ? one - other : String(one).localeCompare(String(other), 'en', { numeric: true }));
  return values.map((_, index) => index).sort((one, other) => {
    if (empty(values[one]) || empty(values[other])) return empty(values[one]) - empty(values[other]);
    return direction * compare(values[one], values[other]);
  });
}

export function reordered(frame, rows) {
  const moved = (field) => ({ ...field, values: rows.map((row) => field.values[row]) });
  return { ...frame, fields: frame.fields.map(moved), all: frame.all?.map(moved) };
}

function limit(frames, { limitField = 10 }) {
  return frames.map((frame) => reordered(frame, Array.from({ length: Math.min(Number(limitField), rowCount(frame)) }, (_, row) => row)));
}

function filterFieldsByName(frames, { include = {}, exclude = {} }) {
  const named = ({ names = [], pattern }, name) => names.includes(name) || (pattern && new RegExp(pattern.replace(/^\/(.*)\/$/, '$1')).test(name));
  const kept = ({ name }) => (include.names || include.pattern ? named(include, name) : !named(exclude, name));
  return frames.map((frame) => ({ ...frame, fields: frame.fields.filter(kept), all: frame.fields }));
}

function labelsToFields(frames) {
  return merge(frames.map((frame) => {
    const [time, value] = frame.fields;
    const labels = Object.entries(value.labels ?? {}).filter(([name]) => name !== '__name__');
    const columns = labels.map(([name, text]) => ({ name, type: 'string', values: time.values.map(() => text) }));
    return { ...frame, series: false, fields: [time, ...columns, { ...value, series: undefined }] };
  }));
}

// A row for each series, with the series itself as a small graph.
function timeSeriesTable(frames) {
  return [...new Set(frames.map(({ refId }) => refId))].map((refId) => {
    const own = frames.filter((frame) => frame.refId === refId);
    if (!own[0].series) return own[0];
    const names = [...new Set(own.flatMap((frame) => Object.keys(frame.fields[1].labels)))];
    return {
      refId,
      series: false,
      fields: [
        ...names.map((name) => ({ name, type: 'string', values: own.map((frame) => frame.fields[1].labels[name] ?? null) })),
        { name: `Trend #${refId}`, type: 'frame', values: own.map((frame) => frame.fields) },
      ],
    };
  });
}

// Rows of all frames by one column, in the order they come.
function joinByField(frames, { byField }) {
  const keyOf = (frame) => frame.fields.find(({ name, type }) => (byField ? name === byField : type === 'time'));
  const keys = [...new Set(frames.flatMap((frame) => keyOf(frame)?.values ?? []))];
  const columns = frames.filter(keyOf).flatMap((frame) => {
    const at = new Map(keyOf(frame).values.map((key, row) => [key, row]));
    return frame.fields.filter((field) => field !== keyOf(frame)).map((field) => ({ ...field, values: keys.map((key) => field.values[at.get(key)] ?? null) }));
  });
  const first = frames.find(keyOf);
  return first ? [{ ...first, series: false, fields: [{ ...keyOf(first), values: keys }, ...columns] }] : frames;
}

function reduceFrames(frames, { reducers = ['lastNotNull'] }) {
  const rows = frames.flatMap((frame) => frame.fields.filter(({ type }) => type === 'number'));
  return [{
    refId: frames[0].refId,
    series: false,
    fields: [
      { name: 'Field', type: 'string', values: rows.map((field) => field.series ?? field.name) },
      ...reducers.map((reducer) => ({ name: calculationName(reducer), type: 'number', labels: {}, values: rows.map((field) => reduced(field.values, reducer)) })),
    ],
  }];
}
