// Answers of Prometheus as frames: { refId, series, fields: [{ name, type, values, labels }] }, the first field being the time.
//
// A series frame has Time and one number; a table frame has a row for each series, its labels as columns.
import { builtins } from './builtins.js';
import { ask } from './prometheus.js';
import { milliseconds, SCRAPE_INTERVAL_MS, stepFor } from './time.js';
import { inQuery } from './variables.js';

const MOST_POINTS = 10_000;

// What a target's query is with this width of a graph: its step, and its text with everything replaced.
export function prepared(target, panel, context, points) {
  const least = Math.max(SCRAPE_INTERVAL_MS, ...[panel.interval, target.interval].filter(Boolean).map((text) => leastStep(text, context)));
  const rangeMs = context.range.to - context.range.from;
  const step = Math.max(stepFor(rangeMs, panel.maxDataPoints ?? points, least), Math.ceil(rangeMs / MOST_POINTS / 1000) * 1000);
  return { step, expr: inQuery(target.expr, context.variables, builtins(context.range, step)) };
}

function leastStep(text, context) {
  return milliseconds(inQuery(text.replace(/^>/, ''), context.variables, {}));
}

// All frames of a panel, in the order of its targets.
export async function framesOf(panel, context, points, signal) {
  const targets = (panel.targets ?? []).filter((target) => !target.hide && target.expr);
  const tables = targets.filter((target) => target.format === 'table').length;
  const answers = await Promise.all(targets.map((target) => answer(target, panel, context, points, tables > 1, signal)));
  return answers.flat();
}

async function answer(target, panel, context, points, many, signal) {
  const { step, expr } = prepared(target, panel, context, points);
  const { from, to } = context.range;
  const instant = target.instant && !target.range;
  const parameters = instant
    ? { query: expr, time: to / 1000 }
    : { query: expr, start: (Math.floor(from / step) * step) / 1000, end: (Math.floor(to / step) * step) / 1000, step: step / 1000 };
  const data = await ask(instant ? 'query' : 'query_range', parameters, signal);
  const series = asSeries(data);
  if (target.format === 'table') return series.length ? [tableFrame(target, series, many)] : [];
  return series.map(({ metric, points: samples }) => seriesFrame(target, metric, samples, instant ? null : { step, from, to }));
}

function asSeries({ resultType, result }) {
  if (resultType === 'scalar') return [{ metric: {}, points: [result] }];
  return result.map((each) => ({ metric: each.metric, points: each.values ?? [each.value] }));
}

export function number(text) {
  return { '+Inf': Infinity, '-Inf': -Infinity }[text] ?? Number(text);
}

function seriesFrame(target, metric, samples, grid) {
  const times = [];
  const values = [];
  for (const [second, text] of samples) {
    // A hole in the line where steps are missing.
    if (grid && times.length && second * 1000 - times.at(-1) > grid.step * 1.5) {
      times.push(times.at(-1) + grid.step);
      values.push(null);
    }
    times.push(second * 1000);
    values.push(number(text));
  }
  const name = seriesName(target, metric);
  return {
    refId: target.refId,
    series: true,
    step: grid?.step,
    name,
    fields: [
      { name: 'Time', type: 'time', values: times },
      { name: 'Value', type: 'number', labels: metric, series: name, values },
    ],
  };
}

export function seriesName(target, metric) {
  const { __name__: own = '', ...labels } = metric;
  if (target.legendFormat && target.legendFormat !== '__auto') {
    return target.legendFormat.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, label) => metric[label] ?? '');
  }
  const values = Object.values(labels);
  if (target.legendFormat === '__auto' && values.length === 1) return values[0];
  const text = Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(', ');
  return text ? `${own}{${text}}` : own || target.expr;
}

function tableFrame(target, series, many) {
  const names = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = series.flatMap(({ metric, points }) => points.map(([second, text]) => ({ metric, time: second * 1000, value: number(text) })));
  return {
    refId: target.refId,
    series: false,
    fields: [
      { name: 'Time', type: 'time', values: rows.map((row) => row.time) },
      ...names.map((name) => ({ name, type: 'string', values: rows.map((row) => row.metric[name] ?? null) })),
      { name: many ? `Value #${target.refId}` : 'Value', type: 'number', labels: {}, values: rows.map((row) => row.value) },
    ],
  };
}
