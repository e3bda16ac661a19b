// A list in groups, each entry with a sentence, and a field that narrows it down.
import { element } from './dom.js';

// `groups`: [{ heading, entries: [{ address, name, sentence }] }]; empty ones are left out.
export function searchable(title, groups) {
  const sections = groups.filter(({ entries }) => entries.length).map(({ heading, entries }) => {
    const items = entries.map(({ address, name, sentence }) => ({
      text: `${heading} ${name} ${sentence}`.toLowerCase(),
      node: element('li', {}, element('a', { href: address }, name), element('p', {}, sentence)),
    }));
    return { items, node: element('section', {}, element('h2', {}, heading), element('ul', {}, ...items.map(({ node }) => node))) };
  });
  const nothing = element('p', { class: 'nothing', role: 'status' }, 'Nothing matches.');
  nothing.hidden = true;
  const narrow = (words) => {
    for (const { items, node } of sections) {
      for (const item of items) item.node.hidden = !words.every((word) => item.text.includes(word));
      node.hidden = items.every((item) => item.node.hidden);
    }
    nothing.hidden = sections.some(({ node }) => !node.hidden);
  };
  const field = element('input', {
    type: 'search', placeholder: 'Search', 'aria-label': `Search: ${title}`,
    oninput: (event) => narrow(event.target.value.toLowerCase().split(/\s+/)),
  });
  return element('main', { class: 'list' }, element('h1', {}, title), field, nothing, ...sections.map(({ node }) => node));
}
