// The board's variables: their options from Prometheus, what is chosen, and the drop-downs to choose with.
import { element } from './dom.js';
import { ask } from './prometheus.js';
import { ALL, inQuery } from './variables.js';

const MOST_OPTIONS = 1000;

// Name → variable, one after the other: a later one may narrow itself by those before.
export async function loadVariables(board, parameters, context) {
  const variables = new Map();
  for (const source of board.templating?.list ?? []) {
    const variable = { ...described(source), options: await optionsOf(source, { ...context, variables }) };
    variable.value = chosenOf(source, variable, parameters.getAll(`var-${source.name}`));
    variables.set(source.name, variable);
  }
  return variables;
}

function described({ name, label, description, multi = false, includeAll = false, allValue, type, hide = 0 }) {
  const shown = hide === 0 && !['datasource', 'constant'].includes(type);
  return { name, label: label || name, description, multi, includeAll, allValue, type, shown, inAddress: type !== 'datasource' };
}

async function optionsOf(source, context) {
  const { type, query, regex, sort = 0 } = source;
  if (type === 'datasource') return ['prometheus'];
  if (type === 'constant') return [String(query)];
  if (type === 'custom' || type === 'interval') return String(query).split(',').map((each) => each.trim().split(' : ').at(-1));
  if (type !== 'query') throw new Error(`this page does not know variables of the type "${type}" (${source.name})`);
  const found = await asked(inQuery(typeof query === 'string' ? query : query.query, context.variables, {}), context);
  return sorted([...new Set(filtered(found, regex))], sort).slice(0, MOST_OPTIONS);
}

async function asked(text, { range, signal }) {
  const within = { start: range.from / 1000, end: range.to / 1000 };
  const [, selector, label] = /^label_values\((?:(.+),)?\s*(\w+)\s*\)$/s.exec(text) ?? [];
  if (label) return ask(`label/${label}/values`, selector ? { 'match[]': selector.trim(), ...within } : within, signal);
  const expression = /^query_result\((.*)\)$/s.exec(text)?.[1];
  if (!expression) throw new Error(`this page does not know the variable query "${text}"`);
  const { result } = await ask('query', { query: expression, time: range.to / 1000 }, signal);
  return result.map(({ metric, value }) => {
    const labels = Object.entries(metric).filter(([name]) => name !== '__name__').map(([name, each]) => `${name}="${each}"`);
    return `${metric.__name__ ?? ''}{${labels.join(',')}} ${value[1]} ${value[0] * 1000}`;
  });
}

function filtered(values, regex) {
  if (!regex) return values;
  const pattern = new RegExp(regex.replace(/^\/(.*)\/\w*$/, '$1'));
  return values.flatMap((value) => {
    const found = pattern.exec(value);
    return found ? [found.groups?.value ?? found[1] ?? found[0]] : [];
  });
}

function sorted(values, sort) {
  if (sort === 0) return values;
  const numeric = sort === 3 || sort === 4;
  const ordered = values.toSorted((one, other) => one.localeCompare(other, 'en', { numeric, sensitivity: sort > 4 ? 'base' : 'variant' }));
  return sort % 2 ? ordered : ordered.toReversed();
}

// From the address, else the board's own default, else all or the first there is.
function chosenOf({ current, includeAll }, { options, multi }, asked) {
  const wanted = asked.map((value) => (value === 'All' ? ALL : value));
  if (wanted.length) return wanted;
  const own = [current?.value ?? []].flat().filter((value) => value === ALL || options.includes(value));
  if (own.length) return own;
  if (includeAll) return [ALL];
  return multi ? options.slice(0, 1) : [options[0] ?? ''];
}

// `changed(name, values)` after a choice.
export function dropDowns(variables, changed) {
  const shown = [...variables.values()].filter((variable) => variable.shown);
  return shown.map((variable) => (variable.multi ? several(variable, changed) : single(variable, changed)));
}

function single(variable, changed) {
  const choices = [...new Set([...(variable.includeAll ? [ALL] : []), ...variable.options, ...variable.value])];
  const select = element('select', { onchange: (event) => changed(variable.name, [event.target.value]) },
    ...choices.map((value) => element('option', { value }, value === ALL ? 'All' : value)));
  select.value = variable.value[0];
  return element('label', { class: 'choice', title: variable.description || null }, element('span', {}, variable.label), select);
}

function several(variable, changed) {
  const all = variable.value[0] === ALL;
  const boxes = variable.options.map((value) => {
    const box = element('input', { type: 'checkbox', value });
    box.checked = !all && variable.value.includes(value);
    return box;
  });
  const everything = element('input', { type: 'checkbox', value: ALL, onchange: () => { for (const box of boxes) box.checked = false; } });
  everything.checked = all;
  for (const box of boxes) box.addEventListener('change', () => { everything.checked = boxes.every((each) => !each.checked); });
  const lines = [...(variable.includeAll ? [everything] : []), ...boxes].map((box) => element('label', {}, box, box.value === ALL ? 'All' : box.value));
  const apply = () => {
    const values = boxes.filter((box) => box.checked).map((box) => box.value);
    changed(variable.name, values.length ? values : variable.includeAll ? [ALL] : variable.value);
  };
  const text = all ? 'All' : variable.value.join(' + ');
  return element('div', { class: 'choice', title: variable.description || null }, element('span', {}, variable.label),
    element('details', {}, element('summary', {}, text), element('div', { class: 'options' }, ...lines, element('button', { type: 'button', onclick: apply }, 'Apply'))));
}
