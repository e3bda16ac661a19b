// Alerts as Prometheus has them now: some builds of it, such as Debian's, come without that page.
import { element } from './dom.js';
import { ask } from './prometheus.js';

const RANKS = ['critical', 'high', 'medium', 'low'];
const rank = ({ labels }) => (RANKS.includes(labels.severity) ? RANKS.indexOf(labels.severity) : RANKS.length);
const HIDDEN = new Set(['alertname', 'severity']);
const root = document.querySelector('#board');
document.title = 'Alerts';

function entry({ labels, annotations, activeAt }) {
  const more = Object.entries(labels).filter(([name]) => !HIDDEN.has(name)).map(([name, value]) => `${name}="${value}"`).join(', ');
  return element('li', {},
    element('b', { class: 'severity' }, labels.severity ?? ''), ' ',
    element('a', { href: `/docs/runbooks/${labels.alertname}.md` }, labels.alertname),
    ` since ${new Date(activeAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    element('p', {}, annotations.summary ?? ''), element('p', { class: 'nothing' }, more));
}

function section(title, alerts, none) {
  return element('section', {}, element('h2', {}, title),
    alerts.length ? element('ul', { class: 'alerts' }, ...alerts.map(entry)) : element('p', { class: 'nothing' }, none));
}

async function draw() {
  const { alerts } = await ask('alerts', {});
  // Severity none: the heartbeat, and what only inhibits others. Nobody acts on them.
  const notified = alerts.filter(({ labels }) => labels.severity !== 'none');
  const sorted = notified.sort((a, b) => rank(a) - rank(b) || a.activeAt.localeCompare(b.activeAt));
  const of = (wanted) => sorted.filter(({ state }) => state === wanted);
  root.replaceChildren(element('main', { class: 'list' }, element('h1', {}, 'Alerts'),
    section('Firing', of('firing'), 'No alert is firing.'),
    section('Pending', of('pending'), 'No alert is about to fire.'),
    element('p', { class: 'nothing' }, `Updated every 15 seconds. Not listed: ${alerts.length - notified.length} of severity none, which notify nobody.`)));
}

async function again() {
  try {
    await draw();
  } catch (error) {
    root.replaceChildren(element('main', {}, element('p', { class: 'failure' }, error.message)));
  }
}

await again();
setInterval(() => document.hidden || again(), 15_000);
