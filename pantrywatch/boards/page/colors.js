// Grafana's color names on a light page, dark enough to be read as text, and colors for many series.

const NAMED = {
  green: '#1d8348',
  yellow: '#c99700',
  orange: '#dd6b00',
  red: '#c4162a',
  blue: '#1f60c4',
  purple: '#7c3aa8',
  text: '#24292f',
  transparent: 'rgba(0,0,0,0)',
};
const TOWARDS = { dark: [0, 0.3], 'semi-dark': [0, 0.15], light: [255, 0.3], 'super-light': [255, 0.55] };

// Told apart by color-blind people too, the first eight (after Okabe and Ito).
export const PALETTE = [
  '#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#6a51a3', '#8c6d31', '#4d4d4d', '#a6761d', '#1b7f8c', '#b2182b',
];
const SCHEMES = {
  Oranges: ['#fff5eb', '#fdd0a2', '#fd8d3c', '#d94801', '#7f2704'],
  Blues: ['#f7fbff', '#c6dbef', '#6baed6', '#2171b5', '#08306b'],
  Greens: ['#f7fcf5', '#c7e9c0', '#74c476', '#238b45', '#00441b'],
  Reds: ['#fff5f0', '#fcbba1', '#fb6a4a', '#cb181d', '#67000d'],
  Purples: ['#fcfbfd', '#dadaeb', '#9e9ac8', '#6a51a3', '#3f007d'],
};

function channels(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function mixed(hex, [goal, share]) {
  const parts = channels(hex).map((part) => Math.round(part + (goal - part) * share));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

// What the page understands of a name ("dark-red") or a code of Grafana.
export function colorNamed(name) {
  if (!name) return NAMED.text;
  if (NAMED[name]) return NAMED[name];
  const [, way, base] = /^(dark|semi-dark|light|super-light)-(\w+)$/.exec(name) ?? [];
  if (way && NAMED[base]) return mixed(NAMED[base], TOWARDS[way]);
  return /^#[0-9a-fA-F]{6}$/.test(name) ? name : NAMED.text;
}

export function faded(code, share) {
  if (!code.startsWith('#')) return code;
  return `rgba(${channels(code).join(',')},${share})`;
}

// Black or white, whichever is read better on the color.
export function readableOn(code) {
  if (!code.startsWith('#')) return NAMED.text;
  const [red, green, blue] = channels(code);
  return red * 0.299 + green * 0.587 + blue * 0.114 > 150 ? '#111111' : '#ffffff';
}

export function scale(name) {
  const steps = SCHEMES[name] ?? SCHEMES.Oranges;
  return steps.map((code, index) => [index / (steps.length - 1), code]);
}
