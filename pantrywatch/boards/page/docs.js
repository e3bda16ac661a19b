// One page of docs/, or the list of all runbooks: where the links of alerts and boards lead.
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
const path = window.location.pathname;
const response = await fetch(`/api${path}`);

if (!response.ok) root.replaceChildren(element('main', {}, await response.text()));
else if (path.endsWith('/')) showRunbooks(await response.json());
else {
  document.title = decodeURIComponent(path.split('/').at(-1)).replace(/\.md$/, '');
  root.replaceChildren(element('main', { class: 'list words' }, ...blocks(await response.text())));
  showAnchor();
}

function showRunbooks(runbooks) {
  document.title = 'Runbooks';
  const groupOf = (alert) => GROUPS.find(([, pattern]) => pattern.test(alert))[0];
  root.replaceChildren(searchable('Runbooks', GROUPS.map(([heading]) => ({
    heading,
    entries: runbooks.filter((runbook) => groupOf(runbook.name) === heading)
      .map((runbook) => ({ address: `/docs/runbooks/${runbook.name}.md`, name: runbook.name, sentence: runbook.sentence })),
  }))));
}

// Headings have the anchors that GitHub gives them: `targets.md#api-latency`.
function showAnchor() {
  const anchor = decodeURIComponent(window.location.hash.slice(1));
  const slug = (text) => text.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-');
  const headings = [...root.querySelectorAll('h3, h4, h5, h6')];
  headings.find((heading) => slug(heading.textContent) === anchor)?.scrollIntoView();
}
