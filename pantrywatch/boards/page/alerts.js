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
    ` since ${new Date(activeAt).toLocaleString()}`,
    element('p', {}, annotations.summary ?? ''), element('p', { class: 'nothing' }, more));
}

function section(title, alerts, none) {
  return element('section', {}, element('h2', {}, title),
    alerts.length ? element('ul', { class: 'alerts' }, ...alerts.map(entry)) : element('p', { class: 'nothing' }, none));
}

async function draw() {
  const { groups } = await ask('rules', { type: 'alert' });
  const rules = groups.flatMap((group) => group.rules);
  const alerts = rules.flatMap((rule) => rule.alerts ?? []).sort((a, b) => rank(a) - rank(b) || a.activeAt.localeCompare(b.activeAt));
  const failing = rules.filter(({ lastError }) => lastError).map(({ name, lastError }) => element('li', {}, `${name}: ${lastError}`));
  root.replaceChildren(element('main', { class: 'list' }, element('h1', {}, 'Alerts'),
    section('Firing', alerts.filter(({ state }) => state === 'firing'), 'No alert fires.'),
    section('Pending', alerts.filter(({ state }) => state === 'pending'), 'No alert is about to fire.'),
    ...(failing.length ? [element('h2', {}, 'Rules that fail'), element('ul', {}, ...failing)] : []),
    element('p', { class: 'nothing' }, `${rules.length} rules; drawn again every 15 seconds.`)));
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
