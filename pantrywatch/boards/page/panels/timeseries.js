// Lines, bars or points over time, with limits as lines and a legend that calculates.
import { indexAt, limitLines, timeChart } from '../chart.js';
import { faded } from '../colors.js';
import { colorOf, configOf, nameOf, shown } from '../fields.js';
import { legend } from '../legend.js';
import { axisOf } from '../scale.js';

const MOST_HOLES = 50;

export async function draw(body, panel, frames, context) {
  const all = seriesOf(frames, panel);
  legend(body, panel, all, () => draw(body, panel, frames, context));
  const series = all.filter(({ hidden }) => !hidden);
  const stacks = stacked(series);
  const [left, right] = sides(series).map((side) => side.length && axisOf(side, stacks, body));
  const main = left || { values: [], texts: [], range: [0, 1] };
  await timeChart(body, context, {
    traces: stacks.flatMap((each, index) => unbroken(each).map((piece) => trace(piece, index, stacks))),
    shapes: [...lines(series, 'left', main, 'y'), ...(right ? lines(series, 'right', right, 'y2') : [])],
    left: main,
    right: right || undefined,
    layout: { barmode: 'overlay', bargap: 0.1 },
    describe: (time) => described(series, time, panel),
  });
}

function seriesOf(frames, panel) {
  const fields = frames.flatMap((frame) => frame.fields.slice(1).filter(({ type }) => type === 'number').map((field) => ({ frame, field })));
  const series = fields.map(({ frame, field }, index) => {
    const config = configOf(field, frame.refId, panel);
    const negative = config.custom.transform === 'negative-Y';
    const values = negative ? field.values.map((value) => (value === null ? null : -value)) : field.values;
    const name = nameOf(field, config);
    return { name, field, frame, config, index, times: frame.fields[0].values, values, color: colorOf(last(values), config, index) };
  });
  const kept = series.filter(({ config }) => !config.custom.hideFrom?.viz);
  const first = kept[0]?.config.unit;
  for (const each of kept) {
    const placed = each.config.custom.axisPlacement;
    each.side = placed === 'right' || (placed !== 'left' && each.config.unit !== first) ? 'right' : 'left';
  }
  return kept;
}

const last = (values) => values.findLast((value) => value !== null);

const sides = (series) => ['left', 'right'].map((side) => series.filter((each) => each.side === side));

// Each with what it is drawn at: on top of those before it, where they are stacked.
function stacked(series) {
  const sums = new Map();
  return series.map((each) => {
    const { mode = 'none', group = '' } = each.config.custom.stacking ?? {};
    if (mode === 'none') return { ...each, drawn: each.values };
    const sum = sums.get(group + each.side) ?? new Map();
    sums.set(group + each.side, sum);
    const base = each.times.map((time) => sum.get(time) ?? 0);
    const drawn = each.values.map((value, at) => (value === null ? null : base[at] + value));
    each.times.forEach((time, at) => sum.set(time, drawn[at] ?? base[at]));
    return { ...each, drawn, base };
  });
}

// Where a surface would be drawn across missing data: each part by itself.
function unbroken(each) {
  const { fillOpacity = 0, spanNulls, drawStyle = 'line' } = each.config.custom;
  const holes = each.drawn.flatMap((value, at) => (value === null ? [at] : []));
  if (!holes.length || holes.length > MOST_HOLES || !fillOpacity || spanNulls === true || each.base || drawStyle !== 'line') return [each];
  const ends = [...holes, each.drawn.length];
  const parts = ends.map((end, index) => [index ? ends[index - 1] + 1 : 0, end]).filter(([start, end]) => end > start);
  return parts.map(([start, end]) => ({ ...each, times: each.times.slice(start, end), drawn: each.drawn.slice(start, end) }));
}

function trace({ times, drawn, base, values, config, color, side, name, frame }, index, all) {
  const { drawStyle = 'line', lineWidth = 1, fillOpacity = 0, lineStyle, lineInterpolation, showPoints, pointSize = 5, spanNulls, fillBelowTo } = config.custom;
  const common = { x: times, yaxis: side === 'right' ? 'y2' : 'y', name: '', hoverinfo: 'none' };
  if (drawStyle === 'bars') {
    return { ...common, type: 'bar', y: values, base, width: (frame.step ?? 0) * 0.9 || undefined, marker: { color: faded(color, Math.max(0.5, fillOpacity / 100)) } };
  }
  const single = drawn.filter((value) => value !== null).length === 1;
  const points = drawStyle === 'points' || showPoints === 'always' || single;
  return {
    ...common,
    type: 'scatter',
    y: drawn,
    mode: drawStyle === 'points' ? 'markers' : points ? 'lines+markers' : 'lines',
    connectgaps: spanNulls === true,
    line: { color: color, width: lineWidth, dash: lineStyle?.fill === 'dash' ? 'dash' : lineStyle?.fill === 'dot' ? 'dot' : 'solid', shape: { stepAfter: 'hv', stepBefore: 'vh' }[lineInterpolation] ?? 'linear' },
    marker: { color: color, size: pointSize },
    ...filled(fillOpacity, fillBelowTo, base, index, all, color, name),
  };
}

// Down to the series below in a stack, to the axis, or to a named one that is drawn just before.
function filled(opacity, below, base, index, all, color) {
  if (!opacity && !below) return { fill: 'none' };
  const fillcolor = faded(color, Math.max(opacity, below ? 10 : 0) / 100);
  const onTop = (base?.some((value) => value !== 0) || below) && index > 0;
  return { fill: onTop && all[index - 1] ? 'tonexty' : 'tozeroy', fillcolor };
}

function lines(series, side, { range }, yref) {
  const own = series.filter((each) => each.side === side);
  const found = own.flatMap(({ config }) => limitLines(config, range, yref));
  return [...new Map(found.map((line) => [`${line.y0}${line.line.color}`, line])).values()];
}

function described(series, time, panel) {
  const lines = series.flatMap(({ times, field, config, name, color, index, frame }) => {
    const at = indexAt(times, time);
    const value = at < 0 ? null : field.values[at];
    if (value === null || time - times[at] > Math.max(frame.step ?? 0, 60_000) * 2) return [];
    return [{ name, color, value, text: shown(value, config, index).text }];
  });
  return panel.options?.tooltip?.sort === 'none' ? lines : lines.sort((one, other) => other.value - one.value);
}
