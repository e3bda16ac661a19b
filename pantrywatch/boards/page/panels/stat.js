// One number, or a few side by side, each with its small graph.
import { colorNamed, faded, readableOn } from '../colors.js';
import { drawing, element } from '../dom.js';
import { configOf, dataOf, nameOf, reduced, shown } from '../fields.js';
import { linked } from '../links.js';

const MOST = 60;

export function draw(body, panel, frames, context) {
  const items = valuesOf(frames, panel).slice(0, MOST);
  const [width, height] = [body.clientWidth - 16, body.clientHeight - 8];
  const columns = columnsFor(items.length, width, height, panel.options?.orientation);
  const rows = Math.ceil(items.length / columns);
  const size = { width: width / columns - 8, height: height / rows - 4 };
  const grid = element('div', { class: 'stats' }, ...items.map((item) => drawOne(item, panel, size, context, items)));
  grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  body.replaceChildren(grid);
}

// [{ field, config, name, value, row, frame, index }] after the panel's reduction.
export function valuesOf(frames, panel) {
  const { calcs = ['lastNotNull'], fields = '', values = false, limit = 25 } = panel.options?.reduceOptions ?? {};
  let index = 0;
  return frames.flatMap((frame) => wanted(frame, fields).flatMap((field) => {
    const config = configOf(field, frame.refId, panel);
    const base = { frame, field, config, name: nameOf(field, config), index: index++ };
    if (values) return field.values.slice(0, limit).map((value, row) => ({ ...base, value, row, name: rowName(frame, row) ?? base.name }));
    return calcs.map((calc) => ({ ...base, value: field.type === 'number' ? reduced(field.values, calc) : field.values.at(-1), row: field.values.length - 1 }));
  }));
}

function wanted(frame, fields) {
  if (!fields) return frame.fields.filter(({ type }) => type === 'number');
  const pattern = /^\/(.*)\/$/.exec(fields)?.[1];
  return frame.fields.filter(({ name, series }) => (pattern ? new RegExp(pattern).test(series ?? name) : (series ?? name) === fields));
}

const rowName = (frame, row) => frame.fields.find(({ type }) => type === 'string')?.values[row];

function columnsFor(count, width, height, orientation) {
  if (orientation === 'vertical') return count;
  if (orientation === 'horizontal') return 1;
  let best = 1;
  const area = (columns) => Math.min(width / columns / 2.2, height / Math.ceil(count / columns));
  for (let columns = 2; columns <= count; columns += 1) if (area(columns) > area(best)) best = columns;
  return best;
}

function drawOne(item, panel, size, context, items) {
  const { colorMode = 'value', graphMode = 'area', textMode = 'auto' } = panel.options ?? {};
  const { text, nothing, color: code } = shown(item.value, item.config, item.index);
  const withName = ['value_and_name', 'name'].includes(textMode) || (textMode === 'auto' && items.length > 1);
  const background = colorMode.startsWith('background');
  const value = linked(element('span', { class: nothing ? 'value nothing' : 'value' }, text), item.config.links, context, dataOf(item.field, item.row, item.config, item.frame));
  fit(value, nothing, text, size, withName);
  const box = element('div', { class: 'stat' }, withName ? element('span', { class: 'name', title: item.name }, item.name) : null, textMode === 'name' || textMode === 'none' ? null : value);
  if (background && !nothing) {
    box.style.background = code;
    box.style.color = readableOn(code);
  } else if (!nothing && colorMode === 'value') value.style.color = code;
  if (graphMode === 'area' && item.frame.series) box.append(sparkline(item.frame.fields, background ? readableOn(code) : code === colorNamed('text') ? colorNamed('blue') : code));
  return box;
}

function fit(value, nothing, text, { width, height }, withName) {
  const most = nothing ? 15 : 44;
  const room = Math.min((height - (withName ? 20 : 0)) * 0.55, (width / Math.max(text.length, 2)) * 1.4);
  value.style.fontSize = `${Math.round(Math.max(nothing ? 12 : 14, Math.min(most, room)))}px`;
}

// The course of a number, without axes.
export function sparkline([time, value], code) {
  const known = time.values.map((at, index) => [at, value.values[index]]).filter(([, number]) => number !== null && Number.isFinite(number));
  const graph = drawing('svg', { class: 'spark', viewBox: '0 0 100 30', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  if (known.length < 2) return graph;
  const numbers = known.map(([, number]) => number);
  const low = numbers.reduce((least, each) => Math.min(least, each));
  const span = numbers.reduce((most, each) => Math.max(most, each)) - low || 1;
  const width = known.at(-1)[0] - known[0][0] || 1;
  const path = known.map(([at, number], index) => `${index ? 'L' : 'M'}${(((at - known[0][0]) / width) * 100).toFixed(2)} ${(28 - ((number - low) / span) * 24).toFixed(2)}`).join('');
  graph.append(
    drawing('path', { d: `${path}L100 30L0 30Z`, fill: faded(code, 0.15) }),
    drawing('path', { d: path, fill: 'none', stroke: code, 'stroke-width': '1', 'vector-effect': 'non-scaling-stroke' }),
  );
  return graph;
}
