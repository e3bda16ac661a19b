// Alerts as Prometheus has them now, the most severe first.
import { colorNamed, readableOn } from '../colors.js';
import { element } from '../dom.js';
import { ask } from '../prometheus.js';
import { format } from '../units.js';
import { inQuery } from '../variables.js';

const SEVERITIES = ['critical', 'high', 'medium', 'low'];
const COLORS = { critical: 'red', high: 'orange', medium: 'yellow', low: 'blue' };

export const asksItself = true;

export async function draw(body, panel, _frames, context) {
  const { stateFilter = { firing: true }, alertInstanceLabelFilter = '', maxItems = 20 } = panel.options ?? {};
  const { alerts } = await ask('alerts', {}, context.signal);
  const fits = matcher(inQuery(alertInstanceLabelFilter, context.variables, {}));
  const found = alerts.filter(({ state, labels }) => stateFilter[state] && labels.severity !== 'none' && fits(labels)).sort(bySeverity);
  const nothing = element('p', { class: 'nothing' }, panel.fieldConfig?.defaults?.noValue ?? 'No alert.');
  body.replaceChildren(found.length ? element('ul', { class: 'alerts scroll', tabindex: '0' }, ...found.slice(0, maxItems).map(entry)) : nothing);
}

const rank = ({ labels }) => (SEVERITIES.indexOf(labels.severity) + SEVERITIES.length + 1) % (SEVERITIES.length + 1);

function bySeverity(one, other) {
  return rank(one) - rank(other) || Date.parse(other.activeAt) - Date.parse(one.activeAt);
}

function entry({ labels, annotations, activeAt, state }) {
  const severity = element('span', { class: 'severity' }, labels.severity ?? '–');
  severity.style.background = colorNamed(COLORS[labels.severity] ?? 'text');
  severity.style.color = readableOn(colorNamed(COLORS[labels.severity] ?? 'text'));
  const since = `${state === 'pending' ? 'pending, ' : ''}since ${format(Date.parse(activeAt), 'dateTimeFromNow')}`;
  const board = annotations.dashboard_url;
  const name = board ? element('a', { href: board }, labels.alertname) : element('b', {}, labels.alertname);
  const runbook = annotations.runbook_url ? element('a', { href: new URL(annotations.runbook_url, `${window.location.origin}/`).href }, 'runbook') : null;
  return element('li', {}, severity, name, ' ', element('span', {}, annotations.summary ?? ''), ' ', element('small', {}, since), ' ', runbook);
}

// {severity="critical", layer=~"api|database"} as a test of labels.
function matcher(text) {
  const found = [...text.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)];
  return (labels) => found.every(([, name, sign, value]) => {
    const label = labels[name] ?? '';
    const same = sign.includes('~') ? new RegExp(`^(?:${value})$`).test(label) : label === value;
    return sign.startsWith('!') ? !same : same;
  });
}
