// A lane for each series, in the color of its state over time.
import { indexAt, timeChart } from '../chart.js';
import { PALETTE, faded } from '../colors.js';
import { element } from '../dom.js';
import { configOf, nameOf, shown } from '../fields.js';

const THICKNESS = 0.85;
const MOST_LANES = 100;

export async function draw(body, panel, frames, context) {
  const lanes = frames.filter(({ series }) => series).slice(0, MOST_LANES).map((frame) => laneOf(frame, panel, context));
  legend(body, panel, lanes);
  // The first on top.
  const places = lanes.map((_, index) => lanes.length - 1 - index);
  await timeChart(body, context, {
    traces: traces(lanes, places, panel),
    left: { values: places, texts: lanes.map(({ name }) => name), range: [-0.5, lanes.length - 0.5] },
    layout: { barmode: 'overlay' },
    describe: (time) => described(lanes, time),
  });
}

function laneOf(frame, panel, context) {
  const [time, field] = frame.fields;
  const config = configOf(field, frame.refId, panel);
  return { name: nameOf(field, config), times: time.values, values: field.values, config, pieces: pieces(frame, config, context.range.to) };
}

// Neighbours of the same state are one piece.
function pieces({ fields: [time, field], step }, config, end) {
  const found = [];
  field.values.forEach((value, at) => {
    if (value === null) return;
    const { text, color } = shown(value, config);
    const from = time.values[at];
    const to = Math.min(from + (step ?? 15_000), Math.max(end, from));
    const before = found.at(-1);
    if (before?.text === text && before.to >= from - 1) before.to = to;
    else found.push({ from, to, text, color });
  });
  return found;
}

// One trace a color: bars that begin at a time.
function traces(lanes, places, panel) {
  const byColor = new Map();
  const { showValue = 'auto', rowHeight = THICKNESS } = panel.options ?? {};
  lanes.forEach(({ pieces: own, config }, lane) => own.forEach((piece) => {
    const key = faded(piece.color, (config.custom.fillOpacity ?? 70) / 100);
    const trace = byColor.get(key) ?? newTrace(key, rowHeight);
    byColor.set(key, trace);
    trace.base.push(piece.from);
    trace.x.push(piece.to - piece.from);
    trace.y.push(places[lane]);
    trace.text.push(showValue === 'never' ? '' : piece.text.replaceAll('<', '&lt;'));
  }));
  return [...byColor.values()];
}

function newTrace(code, rowHeight) {
  return {
    type: 'bar', orientation: 'h', base: [], x: [], y: [], text: [], width: rowHeight, hoverinfo: 'none',
    textposition: 'inside', insidetextanchor: 'start', marker: { color: code, line: { width: 0 } },
  };
}

function described(lanes, time) {
  return lanes.flatMap(({ name, pieces: own }) => {
    const at = indexAt(own.map(({ from }) => from), time);
    return at >= 0 && own[at].to >= time ? [{ name, text: own[at].text, color: own[at].color }] : [];
  });
}

function legend(body, panel, lanes) {
  body.querySelector(':scope > .legend')?.remove();
  if (panel.options?.legend?.showLegend === false) return;
  const states = new Map(lanes.flatMap(({ pieces: own }) => own.map(({ text, color }) => [text, color])));
  const entries = [...states].slice(0, PALETTE.length).map(([text, code]) => {
    const dot = element('i', {});
    dot.style.background = code;
    return element('span', {}, dot, text);
  });
  body.append(element('div', { class: 'legend list' }, element('div', {}, ...entries)));
}
