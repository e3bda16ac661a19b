// How many fell into each bucket of a histogram, over time.
import { indexAt, timeChart } from '../chart.js';
import { scale } from '../colors.js';
import { configOf } from '../fields.js';
import { number } from '../frames.js';
import { format } from '../units.js';

export async function draw(body, panel, frames, context) {
  const buckets = bucketsOf(frames);
  const times = [...new Set(frames.flatMap((frame) => frame.fields[0].values))].sort((one, other) => one - other);
  const counts = countsOf(buckets, times, panel.options?.filterValues?.le ?? 0);
  const texts = buckets.map(({ edge }) => (edge === Infinity ? 'more' : edgeText(edge, frames[0], panel)));
  const step = frames[0].step ?? 15_000;
  await timeChart(body, context, {
    traces: [{
      type: 'heatmap', x: times.map((time) => time - step / 2), y: buckets.map((_, index) => index), z: counts, hoverinfo: 'none', showscale: false, xgap: 1, ygap: 1,
      colorscale: scale(panel.options?.color?.scheme), ...ends(counts, panel.options?.color?.exponent ?? 1),
    }],
    left: sparse(buckets, texts, body),
    describe: (time, y) => described(buckets, texts, counts, times, time, y, body, panel),
  });
}

function edgeText(edge, frame, panel) {
  const unit = panel.options?.yAxis?.unit ?? configOf(frame.fields[1], frame.refId, panel).unit;
  return `≤ ${format(edge, unit)}`;
}

// By their upper edge; each holds those before it as well.
function bucketsOf(frames) {
  const named = frames.filter(({ series }) => series).map((frame) => ({ edge: number(frame.fields[1].labels.le ?? frame.name), frame }));
  return named.filter(({ edge }) => !Number.isNaN(edge)).sort((one, other) => one.edge - other.edge);
}

function countsOf(buckets, times, least) {
  const known = buckets.map(({ frame: { fields: [time, value] } }) => new Map(time.values.map((at, index) => [at, value.values[index]])));
  return known.map((own, index) => times.map((time) => {
    const count = (own.get(time) ?? 0) - (index ? known[index - 1].get(time) ?? 0 : 0);
    return count > least ? count : null;
  }));
}

// Few among many are seen too: the colors follow a power of the count.
function ends(counts, exponent) {
  const most = counts.flat().reduce((largest, count) => Math.max(largest, count ?? 0), 0) || 1;
  if (exponent === 1) return { zmin: 0, zmax: most };
  counts.forEach((row) => row.forEach((count, index) => {
    row.original ??= [];
    row.original[index] = count;
    if (count !== null) row[index] = (count / most) ** exponent;
  }));
  return { zmin: 0, zmax: 1 };
}

// As many texts as there is room for, always the same distance apart.
function sparse(buckets, texts, body) {
  const room = Math.max(2, Math.floor((body.clientHeight - 30) / 16));
  const every = Math.ceil(buckets.length / room);
  const kept = buckets.map((_, index) => index).filter((index) => index % every === 0);
  return { values: kept, texts: kept.map((index) => texts[index]), range: [-0.5, buckets.length - 0.5] };
}

function described(buckets, texts, counts, times, time, y, body, panel) {
  const height = body.querySelector('.plot').clientHeight - 28;
  const bucket = Math.round(buckets.length - 0.5 - ((y - 6) / height) * buckets.length);
  const at = indexAt(times, time) + 1;
  const row = counts[bucket];
  const count = (row?.original ?? row)?.[at];
  if (count === undefined) return [];
  const { unit, decimals } = panel.options?.cellValues ?? {};
  return [{ name: texts[bucket], text: count === null ? '0' : format(count, unit, decimals), color: '#fd8d3c' }];
}
