// One page of docs/, or the list of all runbooks: where the links of alerts and boards lead.
import { element } from './dom.js';
import { blocks } from './panels/text.js';

const root = document.querySelector('#board');
const path = window.location.pathname;
const response = await fetch(`/api${path}`);

if (!response.ok) root.replaceChildren(element('main', {}, await response.text()));
else if (path.endsWith('/')) {
  const names = await response.json();
  root.replaceChildren(element('main', { class: 'list' }, element('h2', {}, 'Runbooks'),
    element('ul', {}, ...names.map((each) => element('li', {}, element('a', { href: each }, each.replace(/\.md$/, '')))))));
} else {
  root.replaceChildren(element('main', { class: 'list words' }, ...blocks(await response.text())));
  showAnchor();
}

// Headings have the anchors that GitHub gives them: `targets.md#api-latency`.
function showAnchor() {
  const anchor = decodeURIComponent(window.location.hash.slice(1));
  const slug = (text) => text.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-');
  const headings = [...root.querySelectorAll('h3, h4, h5, h6')];
  headings.find((heading) => slug(heading.textContent) === anchor)?.scrollIntoView();
}
