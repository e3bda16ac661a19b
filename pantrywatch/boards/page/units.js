// Numbers as Grafana writes them: its unit ids, its choice of decimals.

const SECONDS = [
  [1e-6, 1e-9, 'ns'],
  [1e-3, 1e-6, 'µs'],
  [1, 1e-3, 'ms'],
  [60, 1, 's'],
  [3600, 60, 'mins'],
  [86400, 3600, 'hours'],
  [604800, 86400, 'days'],
  [31536000, 604800, 'weeks'],
  [Infinity, 31556900, 'years'],
];
const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const SHORT = ['', ' K', ' Mil', ' Bil', ' Tri'];
const COUNT = ['', 'K', 'M', 'B', 'T'];
const AGES = [[45, 1, 'second'], [2700, 60, 'minute'], [79200, 3600, 'hour'], [2246400, 86400, 'day'], [27648000, 2629800, 'month'], [Infinity, 31557600, 'year']];

// Two or three significant digits, none after a whole number.
export function decimalsFor(value) {
  if (value === 0 || value % 1 === 0) return 0;
  const digits = 1 - Math.floor(Math.log10(Math.abs(value)));
  return Math.max(0, value * 10 ** digits > 22.5 ? digits + 1 : digits);
}

function fixed(value, decimals) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞';
  return value.toFixed(Math.min(decimals ?? decimalsFor(value), 20));
}

function withUnit(unit) {
  return (value, decimals) => (unit ? `${fixed(value, decimals)} ${unit}` : fixed(value, decimals));
}

function scaled(base, steps, end = '') {
  return (value, decimals) => {
    const size = Math.abs(value);
    const power = size >= base && Number.isFinite(size) ? Math.floor(Math.log(size) / Math.log(base) + 1e-9) : 0;
    const step = Math.min(power, steps.length - 1);
    const gap = end && !steps[0].startsWith(' ') && steps !== COUNT ? ' ' : '';
    return `${fixed(value / base ** step, decimals)}${gap}${steps[step]}${steps === COUNT && end ? ' ' : ''}${end}`;
  };
}

function duration(value, decimals) {
  if (!Number.isFinite(value) || value === 0) return withUnit('s')(value, value === 0 ? 0 : decimals);
  const [, divisor, unit] = SECONDS.find(([below]) => Math.abs(value) < below);
  const count = fixed(value / divisor, decimals);
  return `${count} ${Number(count) === 1 && divisor >= 60 ? unit.slice(0, -1) : unit}`;
}

function age(milliseconds) {
  const seconds = (Date.now() - milliseconds) / 1000;
  const [, divisor, unit] = AGES.find(([below]) => Math.abs(seconds) < below);
  const count = Math.max(1, Math.round(Math.abs(seconds) / divisor));
  const words = unit === 'second' ? 'a few seconds' : `${count} ${unit}${count === 1 ? '' : 's'}`;
  return seconds >= 0 ? `${words} ago` : `in ${words}`;
}

function date(milliseconds) {
  if (!Number.isFinite(milliseconds)) return fixed(milliseconds);
  const two = (number) => String(number).padStart(2, '0');
  const at = new Date(milliseconds);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

// "2 days, 3 hours": as many parts as there are decimals, and one more.
function parts(seconds, decimals) {
  const sizes = [[31536000, 'year'], [2592000, 'month'], [604800, 'week'], [86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']];
  const found = [];
  let rest = Math.abs(seconds);
  for (const [size, name] of sizes) {
    const count = Math.floor(rest / size);
    if ((count || found.length) && found.length <= (decimals ?? 0)) found.push(`${count} ${name}${count === 1 ? '' : 's'}`);
    rest -= count * size;
  }
  return (found.join(', ') || '0 seconds') + (seconds < 0 ? ' ago' : '');
}

const UNITS = {
  none: withUnit(''),
  short: scaled(1000, SHORT),
  string: (value) => String(value),
  percent: (value, decimals) => `${fixed(value, decimals)}%`,
  percentunit: (value, decimals) => `${fixed(value * 100, decimals)}%`,
  s: duration,
  µs: (value, decimals) => duration(value / 1e6, decimals),
  ms: (value, decimals) => duration(value / 1000, decimals),
  m: (value, decimals) => duration(value * 60, decimals),
  h: (value, decimals) => duration(value * 3600, decimals),
  d: (value, decimals) => duration(value * 86400, decimals),
  dtdurations: parts,
  dateTimeFromNow: age,
  dateTimeAsIso: date,
  dateTimeAsIsoNoDateIfToday: date,
  dateTimeAsSystem: date,
  bytes: scaled(1024, BINARY, 'B'),
  decbytes: scaled(1000, DECIMAL, 'B'),
  binBps: scaled(1024, BINARY, 'B/s'),
  Bps: scaled(1000, DECIMAL, 'B/s'),
  bps: scaled(1000, DECIMAL, 'b/s'),
  pps: scaled(1000, DECIMAL, 'p/s'),
  hertz: scaled(1000, DECIMAL, 'Hz'),
  ...Object.fromEntries(
    [['reqps', 'req/s'], ['ops', 'ops/s'], ['rps', 'rd/s'], ['wps', 'wr/s'], ['iops', 'io/s'], ['eps', 'evt/s'], ['cps', 'c/s'],
      ['mps', 'msg/s'], ['rowsps', 'rows/s'], ['reqpm', 'req/m'], ['opm', 'ops/m'], ['cpm', 'c/m'], ['rpm', 'rd/m']]
      .map(([id, unit]) => [id, scaled(1000, COUNT, unit)]),
  ),
};

// The value as text; `decimals` undefined lets the value decide.
export function format(value, unit, decimals) {
  const named = UNITS[unit || 'none'];
  if (named) return named(value, decimals);
  const [kind, text] = unit.includes(':') ? unit.split(/:(.*)/) : ['suffix', unit];
  if (kind === 'prefix' || kind === 'currency') return `${text}${fixed(value, decimals)}`;
  return withUnit(text)(value, decimals);
}
