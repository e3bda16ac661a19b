// The axis of values: its range from the data and the settings, round steps, texts in the unit.
import { format } from './units.js';

const ROUND = [1, 2, 2.5, 5, 10];
const TIMES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

// `series`: those of one side; `stacks`: with what they are drawn at.
export function axisOf(series, stacks, body) {
  const [{ config }] = series;
  const own = stacks.filter(({ side }) => side === series[0].side);
  const count = Math.max(2, Math.floor((body.querySelector('.plot')?.clientHeight || 160) / 36));
  const extent = extentOf(own, config);
  if (config.custom.scaleDistribution?.type === 'log') return logarithmic(own, config);
  const values = ticks(extent, count, config.unit);
  return { values, range: rounded(extent, values, config), texts: texts(values, config) };
}

function extentOf(stacks, { min, max, custom }) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of stacks.flatMap(({ drawn, base }) => (base ? [...drawn, 0] : drawn))) {
    if (value === null || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  low = min ?? Math.min(low, custom.axisSoftMin ?? low);
  high = max ?? Math.max(high, custom.axisSoftMax ?? high);
  if (low < high) return [low, high];
  return low === 0 ? [0, 1] : [Math.min(low, 0), Math.max(low, 0)].map((value) => value * 1.2);
}

function step(span, unit) {
  if (unit === 's' && span > 1) return TIMES.find((size) => size >= span) ?? roundStep(span);
  if (/^bytes$|^binBps$/.test(unit) && span > 1) return 2 ** Math.ceil(Math.log2(span));
  return roundStep(span);
}

function roundStep(span) {
  const power = 10 ** Math.floor(Math.log10(span));
  return ROUND.find((size) => size * power >= span * 0.999) * power;
}

function ticks([low, high], count, unit) {
  const size = step((high - low) / count, unit);
  const first = Math.ceil(low / size - 1e-9);
  const last = Math.floor(high / size + 1e-9);
  return Array.from({ length: Math.min(last - first + 1, 50) }, (_, index) => Number(((first + index) * size).toPrecision(12)));
}

// A little room above, so that the highest line is not cut; settings are kept.
function rounded([low, high], _values, { min, max }) {
  const room = (high - low) * 0.04;
  return [min === undefined && low !== 0 ? low - room : low, high + (max === undefined ? room : room / 4)];
}

// As few decimals as tell the steps apart.
function texts(values, { unit, decimals }) {
  for (let digits = 0; digits <= Math.max(decimals ?? 2, 5); digits += 1) {
    const made = values.map((value) => format(value, unit, value === 0 ? 0 : digits));
    const exact = values.every((value, index) => Math.abs(parseFloat(made[index]) - parseFloat(format(value, unit, 8))) < 1e-6);
    if (exact && new Set(made).size === made.length) return made;
  }
  return values.map((value) => format(value, unit, 2));
}

function logarithmic(stacks, config) {
  const base = config.custom.scaleDistribution.log ?? 10;
  const values = stacks.flatMap(({ drawn }) => drawn).filter((value) => value > 0 && Number.isFinite(value));
  const low = Math.floor(Math.log(config.min > 0 ? config.min : values.reduce((least, value) => Math.min(least, value), Infinity)) / Math.log(base));
  const high = Math.ceil(Math.log(config.max ?? values.reduce((most, value) => Math.max(most, value), 0)) / Math.log(base));
  if (!values.length) return { type: 'log', values: [1], texts: ['1'], range: [0, 1] };
  const steps = Array.from({ length: Math.max(high - low, 1) + 1 }, (_, index) => base ** (low + index));
  const range = [steps[0], steps.at(-1)].map((value) => Math.log10(value));
  return { type: 'log', values: steps, texts: steps.map((value) => format(value, config.unit)), range };
}
