// Bars side by side, between the panel's ends.
import { colorNamed, faded } from '../colors.js';
import { element } from '../dom.js';
import { dataOf, shown } from '../fields.js';
import { linked } from '../links.js';
import { valuesOf } from './stat.js';

export function draw(body, panel, frames, context) {
  const items = valuesOf(frames, panel);
  const most = items.reduce((largest, { value }) => Math.max(largest, value ?? 0), 0);
  const rows = items.map((item) => bar(item, most, context));
  body.replaceChildren(element('div', { class: 'bars scroll', tabindex: '0' }, ...rows));
}

function bar({ name, field, row, frame, value, config, index }, most, context) {
  const { text, color: code } = shown(value, config, index);
  const { min = 0, max = most || 1 } = config;
  const share = Math.max(0, Math.min(1, ((value ?? min) - min) / (max - min)));
  const filled = element('div', { class: 'filled' });
  filled.style.width = `${share * 100}%`;
  filled.style.background = code === colorNamed('text') ? faded(colorNamed('blue'), 0.6) : faded(code, 0.75);
  const number = linked(element('span', { class: 'number' }, text), config.links, context, dataOf(field, row, config, frame));
  return element('div', { class: 'bar', title: `${name}: ${text}` }, element('span', { class: 'name' }, name), element('div', { class: 'track' }, filled), number);
}
