// Rows and columns; a click on a heading sorts.
import { colorNamed, faded, readableOn } from '../colors.js';
import { element } from '../dom.js';
import { configOf, dataOf, nameOf, shown } from '../fields.js';
import { linked } from '../links.js';
import { order, reordered } from '../transformations.js';
import { sparkline } from './stat.js';

const MOST_ROWS = 500;

export function draw(body, panel, frames, context) {
  const frame = asTable(frames);
  const columns = columnsOf(frame, panel);
  const sort = body.sort ?? panel.options?.sortBy?.[0];
  const by = sort && columns.find(({ name }) => name === sort.displayName);
  const rows = by ? order(by.field.values, sort.desc) : Array.from({ length: frame.fields[0]?.values.length ?? 0 }, (_, row) => row);
  const sorted = reordered(frame, rows.slice(0, MOST_ROWS));
  const shownColumns = columnsOf(sorted, panel);
  const again = (name) => {
    body.sort = { displayName: name, desc: sort?.displayName === name ? !sort.desc : true };
    draw(body, panel, frames, context);
  };
  body.replaceChildren(element('div', { class: 'scroll', tabindex: '0' }, element('table', { class: 'data' }, head(shownColumns, sort, again), tableBody(sorted, shownColumns, context)),
    rows.length > MOST_ROWS ? element('p', {}, `${rows.length - MOST_ROWS} more rows are not drawn here.`) : ''));
}

// Series without a transformation: the frame with most columns, or a row for each series.
function asTable(frames) {
  if (!frames[0].series) return { ...frames[0], fields: frames[0].fields };
  const values = frames.map(({ fields }) => fields[1]);
  return {
    refId: frames[0].refId,
    fields: [
      { name: 'Field', type: 'string', values: values.map(({ series }) => series) },
      { name: 'Value', type: 'number', labels: {}, values: values.map((field) => field.values.at(-1)) },
    ],
  };
}

function columnsOf(frame, panel) {
  return frame.fields
    .map((field, index) => ({ field, index, config: configOf(field, frame.refId, panel) }))
    .map((column) => ({ ...column, config: column.field.type === 'time' ? { ...column.config, unit: column.config.unit ?? 'dateTimeAsIso' } : column.config }))
    .map((column) => ({ ...column, name: nameOf(column.field, column.config), cell: column.config.custom.cellOptions ?? {} }))
    .filter(({ config }) => !config.custom.hidden && !config.custom.hideFrom?.viz);
}

const isNumber = ({ field }) => field.type === 'number' || field.type === 'time';

function alignment(column) {
  const align = column.config.custom.align ?? 'auto';
  if (align !== 'auto') return align;
  return isNumber(column) ? 'right' : 'left';
}

function head(columns, sort, again) {
  return element('thead', {}, element('tr', {}, ...columns.map((column) => {
    const arrow = sort?.displayName === column.name ? (sort.desc ? '\u00a0↓' : '\u00a0↑') : '';
    const heading = element('th', { title: column.config.description ?? null }, element('button', { type: 'button', onclick: () => again(column.name) }, column.name + arrow));
    heading.style.textAlign = alignment(column);
    const { width, minWidth = width } = column.config.custom;
    if (minWidth) heading.style.minWidth = `${minWidth}px`;
    if (width) heading.style.width = `${width}px`;
    return heading;
  })));
}

function tableBody(frame, columns, context) {
  const count = frame.fields[0]?.values.length ?? 0;
  const rows = Array.from({ length: count }, (_, row) => element('tr', {}, ...columns.map((column) => cell(frame, column, row, context))));
  return element('tbody', {}, ...rows);
}

function cell(frame, column, row, context) {
  const { field, config, index } = column;
  const value = field.values[row];
  const made = element('td', { 'data-name': column.name, class: isNumber(column) && field.type !== 'frame' ? 'short' : null });
  made.style.textAlign = alignment(column);
  if (field.type === 'frame') {
    if (value) made.append(sparkline(value, config.color?.fixedColor ? colorNamed(config.color.fixedColor) : colorNamed('blue')));
    return made;
  }
  const { text, color: code, nothing } = shown(value, config, index);
  made.append(breakable(linked(element('span', { class: nothing ? 'nothing' : '' }, text), nothing ? [] : config.links, context, dataOf(field, row, config, { fields: frame.all ?? frame.fields }))));
  if (!nothing) colored(made, column, value, code);
  return made;
}

// A long name breaks before its capitals and after its hyphens, not anywhere.
function breakable(shownCell) {
  const parts = shownCell.textContent.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[-_/])/);
  if (parts.length > 1) shownCell.replaceChildren(...parts.flatMap((part, index) => (index ? [element('wbr'), part] : [part])));
  return shownCell;
}

function colored(made, { cell: { type, mode }, config }, value, code) {
  if (type === 'color-text') made.firstChild.style.color = code;
  if (type === 'color-background') {
    made.style.background = mode === 'gradient' ? faded(code, 0.75) : code;
    made.firstChild.style.color = readableOn(code);
  }
  if (type === 'gauge' && typeof value === 'number') {
    const { min = 0, max = 1 } = config;
    const share = Math.max(0, Math.min(1, (value - min) / (max - min)));
    made.style.background = `linear-gradient(to right, ${faded(code, 0.35)} ${share * 100}%, transparent ${share * 100}%)`;
    made.style.boxShadow = 'inset 0 -2px 0 #fff, inset 0 2px 0 #fff';
  }
}
