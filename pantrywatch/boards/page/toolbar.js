// What stands above a board: where one is, the range of time, how often it is refreshed.
import { element } from './dom.js';
import { dateAndClock } from './time.js';

const RANGES = [['now-15m', 'Last 15 minutes'], ['now-30m', 'Last 30 minutes'], ['now-60m', 'Last hour'], ['now-180m', 'Last 3 hours'], ['now-6h', 'Last 6 hours'], ['now-24h', 'Last 24 hours'], ['now-7d', 'Last 7 days'], ['now-30d', 'Last 30 days']];
const REFRESHES = [['', 'Off'], ['15s', '15 s'], ['30s', '30 s'], ['1m', '1 min'], ['5m', '5 min']];

function select(label, options, value, changed) {
  const own = options.some(([key]) => key === value) ? options : [...options, [value, value]];
  const made = element('select', { 'aria-label': label, title: label, onchange: (event) => changed(event.target.value) },
    ...own.map(([key, text]) => element('option', { value: key }, text)));
  made.value = value;
  return made;
}

export function rangePicker({ from, to }, changed) {
  if (to === 'now') return select('Range of time', RANGES, from, (value) => changed(value, 'now'));
  const readable = (text) => (/^\d+$/.test(text) ? dateAndClock(Number(text)) : text);
  const own = ['own', `${readable(from)} to ${readable(to)}`];
  return select('Range of time', [own, ...RANGES], 'own', (value) => changed(value, 'now'));
}

export function refreshPicker(value, changed) {
  return select('Refresh every', REFRESHES, value, changed);
}

// All boards by folder, with the time shown here.
export function boardPicker(boards, uid, parameters) {
  const folders = [...new Set(boards.map(({ folder }) => folder))];
  const links = folders.flatMap((folder) => [
    element('b', {}, folder),
    ...boards.filter((board) => board.folder === folder).map((board) => element('a', { href: `/d/${board.uid}?${parameters}`, title: board.description, class: board.uid === uid ? 'here' : '' }, board.title)),
  ]);
  return element('details', { class: 'menu' }, element('summary', {}, 'Boards'), element('nav', {}, ...links));
}

// Links of the board itself; those to boards by tag are what the list of boards is for.
export function boardLinks(board, toAddress) {
  const links = (board.links ?? []).filter(({ type }) => type === 'link');
  return links.map((link) => element('a', { href: toAddress(link), title: link.tooltip || null }, link.title));
}
