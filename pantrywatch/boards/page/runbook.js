// One runbook, or the list of all: where the links of alerts lead.
import { element } from './dom.js';
import { blocks } from './panels/text.js';
import { searchable } from './search.js';

// Heading → what the names of its alerts begin with or, for targets, end with.
const GROUPS = [
  ['Targets: budgets and burn rates', /^CrmTarget|Burn$|BelowTarget$/],
  ['API', /^CrmApi/], ['Database', /^CrmDatabase/], ['Cache', /^CrmCache/], ['Host', /^CrmHost/],
  ['Checks', /^CrmSynthetic/], ['The monitoring itself', /^CrmMonitoring|^Watchdog$/], ['Others', /./],
];

const root = document.querySelector('#board');
const name = decodeURIComponent(window.location.pathname.split('/').at(-1));
const response = await fetch(`/api/runbooks/${name}`);
document.title = name ? name.replace(/\.md$/, '') : 'Runbooks';

if (!response.ok) root.replaceChildren(element('main', {}, await response.text()));
else if (name) root.replaceChildren(element('main', { class: 'list words' }, ...blocks(await response.text())));
else {
  const runbooks = await response.json();
  const groupOf = (alert) => GROUPS.find(([, pattern]) => pattern.test(alert))[0];
  root.replaceChildren(searchable('Runbooks', GROUPS.map(([heading]) => ({
    heading,
    entries: runbooks.filter((runbook) => groupOf(runbook.name) === heading)
      .map((runbook) => ({ address: `/docs/runbooks/${runbook.name}.md`, name: runbook.name, sentence: runbook.sentence })),
  }))));
}
