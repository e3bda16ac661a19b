// What happened meanwhile (alerts, deployments), drawn across all graphs of a board.
import { colorNamed } from './colors.js';
import { number } from './frames.js';
import { ask } from './prometheus.js';
import { milliseconds } from './time.js';
import { inQuery } from './variables.js';

const MOST = 200;
const MOST_POINTS = 1000;

// [{ title, text, time, end, color, dashed }], the newest first.
export async function eventsOf(board, context) {
  const sources = (board.annotations?.list ?? []).filter(({ enable, expr }) => enable && expr);
  const found = await Promise.all(sources.map((source) => spansOf(source, context)));
  return found.flat().sort((one, other) => other.time - one.time).slice(0, MOST);
}

async function spansOf(source, { range, variables, signal }) {
  const least = Math.ceil((range.to - range.from) / MOST_POINTS);
  const step = Math.max(source.step ? milliseconds(source.step) : 60_000, Math.ceil(least / 1000) * 1000);
  const query = inQuery(source.expr, variables, {});
  const start = Math.floor(range.from / step) * step;
  const { result } = await ask('query_range', { query, start: start / 1000, end: range.to / 1000, step: step / 1000 }, signal);
  return result.flatMap(({ metric, values }) => {
    const text = (template = '') => template.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, label) => metric[label] ?? '');
    const look = { title: text(source.titleFormat) || source.name, text: text(source.textFormat), color: colorNamed(source.iconColor), dashed: source.useValueForTime };
    const times = source.useValueForTime ? marks(values, range) : spans(values, step);
    return times.map((each) => ({ ...look, ...each }));
  });
}

function marks(values, { from, to }) {
  const times = new Set(values.map(([, text]) => number(text)));
  return [...times].filter((time) => time >= from && time <= to).map((time) => ({ time, end: time }));
}

function spans(values, step) {
  const found = [];
  for (const [second] of values) {
    const time = second * 1000;
    if (found.length && time - found.at(-1).end <= step * 1.5) found.at(-1).end = time;
    else found.push({ time, end: time });
  }
  return found;
}
