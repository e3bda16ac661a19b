// Times as Grafana's addresses hold them: "now-6h", "now/d", or milliseconds; and the steps that go with a range.

const SIZES = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5, M: 2592e6, y: 31536e6 };
export const SCRAPE_INTERVAL_MS = 15_000;

// Grafana's own steps: whole numbers of something that is read easily.
const STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800].map((s) => s * 1000);

export function milliseconds(text) {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|[smhdwMy])$/.exec(text) ?? [];
  if (!count) throw new Error(`expected a duration such as 5m, got "${text}"`);
  return unit === 'ms' ? Number(count) : Number(count) * SIZES[unit];
}

export function timeOf(text, now) {
  if (/^\d{12,14}$/.test(text)) return Number(text);
  const [whole, amount, floor] = /^now(?:-(\w+))?(?:\/([dhmw]))?$/.exec(text) ?? [];
  if (!whole) {
    const parsed = Date.parse(text);
    if (Number.isNaN(parsed)) throw new Error(`expected a time such as now-6h or milliseconds, got "${text}"`);
    return parsed;
  }
  const at = now - (amount ? milliseconds(amount) : 0);
  return floor === 'd' ? new Date(at).setHours(0, 0, 0, 0) : floor ? at - (at % SIZES[floor]) : at;
}

// A duration as PromQL reads it.
export function durationText(ms) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const unit = [[86400, 'd'], [3600, 'h'], [60, 'm']].find(([size]) => seconds % size === 0);
  return unit ? `${seconds / unit[0]}${unit[1]}` : `${seconds}s`;
}

// The step of a graph that many points wide; never finer than the scrapes.
export function stepFor(rangeMs, points, leastMs = SCRAPE_INTERVAL_MS) {
  const wanted = rangeMs / Math.max(points, 10);
  const step = STEPS.find((candidate) => candidate >= wanted * 0.75) ?? STEPS.at(-1);
  return Math.max(step, leastMs);
}

// A rate over it always sees four scrapes.
export function rateIntervalMs(stepMs, scrapeMs = SCRAPE_INTERVAL_MS) {
  return Math.max(stepMs + scrapeMs, 4 * scrapeMs);
}

const two = (number) => String(number).padStart(2, '0');

export function clock(ms, withSeconds = false) {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}${withSeconds ? `:${two(at.getSeconds())}` : ''}`;
}

export function dateAndClock(ms) {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ms, true)}`;
}

// Round times along an axis, with their texts.
export function timeTicks(from, to, count) {
  const step = STEPS.find((candidate) => (to - from) / candidate <= count) ?? STEPS.at(-1);
  const shift = new Date(from).getTimezoneOffset() * 6e4;
  const ticks = [];
  for (let at = Math.ceil((from - shift) / step) * step + shift; at <= to; at += step) ticks.push(at);
  const daily = step >= SIZES.d;
  const long = to - from > 1.5 * SIZES.d;
  const text = (at) => {
    const day = `${two(new Date(at).getMonth() + 1)}/${two(new Date(at).getDate())}`;
    return daily ? day : long ? `${day} ${clock(at)}` : clock(at, step < SIZES.m);
  };
  return { values: ticks, texts: ticks.map(text) };
}
