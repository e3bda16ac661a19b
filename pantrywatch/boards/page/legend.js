// Names and numbers of the series below or next to a graph. A click shows one alone, another all again.
import { element } from './dom.js';
import { calculationName, reduced, shown } from './fields.js';

// `series`: { name, color, field, config, index }; those not to be drawn get `hidden`.
export function legend(body, panel, series, redraw) {
  body.querySelector(':scope > .legend')?.remove();
  const { showLegend = true, displayMode = 'list', placement = 'bottom' } = panel.options?.legend ?? {};
  body.classList.toggle('at-right', placement === 'right');
  const alone = series.some(({ name }) => name === body.alone) ? body.alone : undefined;
  for (const each of series) each.hidden = alone !== undefined && each.name !== alone;
  if (!showLegend || displayMode === 'hidden') return;
  const listed = series.filter(({ config }) => !config.custom?.hideFrom?.legend);
  const toggle = (name) => () => {
    body.alone = body.alone === name ? undefined : name;
    redraw();
  };
  body.append(element('div', { class: `legend ${displayMode}` }, displayMode === 'table' ? table(panel, listed, toggle) : list(panel, listed, toggle)));
}

function mark({ color, hidden, name }, toggle) {
  const dot = element('i', {});
  dot.style.background = hidden ? '#d0d7de' : color;
  return element('button', { type: 'button', title: name, onclick: toggle(name) }, dot, name || '–');
}

function list(panel, series, toggle) {
  const calcs = panel.options?.legend?.calcs ?? [];
  return element('div', {}, ...series.map((each) => {
    const numbers = calcs.map((calc) => `${calculationName(calc)}: ${number(each, calc)}`).join('  ');
    return element('span', {}, mark(each, toggle), numbers);
  }));
}

const number = ({ field, config, index }, calc) => shown(reduced(field.values, calc), config, index).text || '–';

function table(panel, series, toggle) {
  const { calcs = [], sortBy, sortDesc } = panel.options?.legend ?? {};
  const by = calcs.find((calc) => calculationName(calc) === sortBy);
  const sorted = by ? series.toSorted((one, other) => order(one, by) - order(other, by)) : series;
  if (by && sortDesc) sorted.reverse();
  const head = element('tr', {}, element('th', {}), ...calcs.map((calc) => element('th', {}, calculationName(calc))));
  const rows = sorted.map((each) => element('tr', {}, element('td', {}, mark(each, toggle)), ...calcs.map((calc) => element('td', { class: 'number' }, number(each, calc)))));
  return element('table', {}, ...(calcs.length ? [element('thead', {}, head)] : []), element('tbody', {}, ...rows));
}

const order = ({ field }, calc) => reduced(field.values, calc) ?? -Infinity;
