// One runbook, or the list of all: where the links of alerts lead.
import { element } from './dom.js';
import { blocks } from './panels/text.js';

const root = document.querySelector('#board');
const name = decodeURIComponent(window.location.pathname.split('/').at(-1));
const response = await fetch(`/api/runbooks/${name}`);

if (!response.ok) root.replaceChildren(element('main', {}, await response.text()));
else if (name) root.replaceChildren(element('main', { class: 'list words' }, ...blocks(await response.text())));
else {
  const names = await response.json();
  root.replaceChildren(element('main', { class: 'list' }, element('h2', {}, 'Runbooks'),
    element('ul', {}, ...names.map((each) => element('li', {}, element('a', { href: `/docs/runbooks/${each}` }, each.replace(/\.md$/, '')))))));
}
