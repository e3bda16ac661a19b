// What all graphs over time share: the chart library, axes, events, the crosshair, the box with the values there.
import { colorNamed, faded } from './colors.js';
import { element, plainForChart } from './dom.js';
import { dateAndClock, timeTicks } from './time.js';

const MARGIN = { top: 6, right: 10, bottom: 22 };
const LETTER = 6.2; // its width in pixels, on average
const MOST_IN_BOX = 15;
// Of all graphs drawn: { show(time, value box or not) }.
const graphs = new Set();

let library;
// Loaded with the first graph, once.
function plotly() {
  library ??= new Promise((loaded, failed) => {
    const script = element('script', { src: '/plotly.min.js' });
    script.onload = () => loaded(window.Plotly);
    script.onerror = () => failed(new Error('the chart library could not be loaded'));
    document.head.append(script);
  });
  return library;
}

// Draws into `body`. `left`, `right`: { values, texts, range } of the value axes, texts as they are shown;
// `describe(time)` gives the lines of the box: [{ name, text, color }].
export async function timeChart(body, context, { traces, shapes = [], left, right, layout = {}, describe }) {
  const chart = await plotly();
  if (!body.isConnected) return;
  const plot = body.querySelector(':scope > .plot') ?? body.appendChild(element('div', { class: 'plot' }));
  const { from, to } = context.range;
  const most = Math.max(160, 0.35 * plot.clientWidth);
  const margin = { l: gap(left, most), r: right ? gap(right, most) : MARGIN.right, t: MARGIN.top, b: MARGIN.bottom, pad: 0 };
  const ticks = timeTicks(from, to, Math.max(2, Math.floor(plot.clientWidth / 90)));
  const look = {
    margin,
    width: plot.clientWidth,
    height: plot.clientHeight,
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: 'system-ui, sans-serif', size: 11, color: '#57606a' },
    showlegend: false,
    hovermode: false,
    dragmode: 'zoom',
    xaxis: { type: 'linear', range: [from, to], tickvals: ticks.values, ticktext: ticks.texts, gridcolor: '#eaeef2', zeroline: false },
    yaxis: { ...axis(left, most), fixedrange: true },
    ...(right ? { yaxis2: { ...axis(right, most), overlaying: 'y', side: 'right', showgrid: false, fixedrange: true } } : {}),
    shapes: [...shapes, ...events(context)],
    ...layout,
  };
  await chart.react(plot, traces, look, { displayModeBar: false, doubleClick: false, responsive: false, scrollZoom: false });
  connect(plot, context, margin, describe);
}

// Before their boxes leave the page.
export function forgetCharts() {
  for (const graph of graphs) window.Plotly.purge(graph);
  graphs.clear();
  box.remove();
}

function gap({ texts }, most) {
  return Math.min(most, 12 + Math.max(1, ...texts.map((text) => text.length)) * LETTER);
}

// A text that is longer than its place loses its end: names differ at their beginning.
function axis({ values, texts, range, type = 'linear' }, most) {
  const letters = Math.floor((most - 12) / LETTER);
  const shown = texts.map((text) => plainForChart(text.length > letters ? `${text.slice(0, letters - 1)}…` : text));
  return { type, range, tickvals: values, ticktext: shown, gridcolor: '#eaeef2', zeroline: false };
}

function events({ events: found = [] }) {
  return found.flatMap(({ time, end, color: code, dashed }) => {
    const line = { type: 'line', xref: 'x', yref: 'paper', x0: time, x1: time, y0: 0, y1: 1, line: { color: code, width: 1, dash: dashed ? 'dash' : 'dot' } };
    if (!end || end === time) return [line];
    return [line, { type: 'rect', xref: 'x', yref: 'paper', x0: time, x1: end, y0: 0, y1: 1, fillcolor: faded(code, 0.07), line: { width: 0 }, layer: 'below' }];
  });
}

// A line at each limit, in its color.
export function limitLines({ thresholds, custom }, [low, high], yref = 'y') {
  if (!/line|dashed/.test(custom?.thresholdsStyle?.mode ?? 'off')) return [];
  const dash = custom.thresholdsStyle.mode.startsWith('dashed') ? 'dash' : 'solid';
  const steps = (thresholds?.steps ?? []).filter(({ value }) => value !== null && value >= low && value <= high);
  return steps.map(({ value, color }) => ({
    type: 'line', xref: 'paper', yref, x0: 0, x1: 1, y0: value, y1: value, line: { color: colorNamed(color), width: 1.5, dash },
  }));
}

function connect(plot, context, margin, describe) {
  plot.removeAllListeners?.('plotly_relayout');
  plot.on('plotly_relayout', (change) => {
    if ('xaxis.range[0]' in change) context.zoom(Math.round(change['xaxis.range[0]']), Math.round(change['xaxis.range[1]']));
  });
  const { from, to } = context.range;
  const width = () => plot.clientWidth - margin.l - margin.r;
  plot.crosshair ??= plot.appendChild(element('div', { class: 'crosshair' }));
  plot.show = (time) => {
    const share = (time - from) / (to - from);
    plot.crosshair.style.display = share >= 0 && share <= 1 ? 'block' : 'none';
    plot.crosshair.style.left = `${margin.l + share * width()}px`;
  };
  plot.onmousemove = (event) => {
    const time = from + ((event.clientX - plot.getBoundingClientRect().left - margin.l) / width()) * (to - from);
    if (time < from || time > to) return hideAll();
    for (const graph of graphs) if (graph.isConnected) graph.show(time); else graphs.delete(graph);
    return showBox(event, time, describe(time, event.clientY - plot.getBoundingClientRect().top), context);
  };
  plot.onmouseleave = hideAll;
  graphs.add(plot);
}

const box = element('div', { class: 'values', role: 'status' });

function hideAll() {
  for (const graph of graphs) graph.crosshair.style.display = 'none';
  box.remove();
}

function showBox(event, time, lines, { events: found = [], range }) {
  const near = (range.to - range.from) / 150;
  const here = found.filter((each) => time >= each.time - near && time <= (each.end ?? each.time) + near);
  box.replaceChildren(
    element('b', {}, dateAndClock(time)),
    ...lines.slice(0, MOST_IN_BOX).map(boxLine),
    ...(lines.length > MOST_IN_BOX ? [element('div', {}, `and ${lines.length - MOST_IN_BOX} more`)] : []),
    ...here.slice(0, 5).map(({ title, text, color: code }) => boxLine({ name: title, text, color: code })),
  );
  document.body.append(box);
  const left = event.clientX + 16 + box.offsetWidth > window.innerWidth ? event.clientX - 16 - box.offsetWidth : event.clientX + 16;
  box.style.left = `${Math.max(0, left)}px`;
  box.style.top = `${Math.min(event.clientY + 12, Math.max(0, window.innerHeight - box.offsetHeight - 8))}px`;
}

function boxLine({ name, text, color: code }) {
  const mark = element('i', {});
  mark.style.background = code;
  return element('div', {}, mark, element('span', {}, name), element('span', { class: 'number' }, text));
}

// The index of the newest time that is not after the one asked for; -1 before the first.
export function indexAt(times, time) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
