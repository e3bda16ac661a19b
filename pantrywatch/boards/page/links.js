// Links of values, panels and boards, with the time and the choices they carry.
import { element } from './dom.js';
import { inAddress } from './variables.js';

export function addressOf(link, context, data) {
  return inAddress(link.url, context.variables, context.rangeParameters(), data);
}

// The element, as a link where its field has one; with several the others are in its title.
export function linked(shown, links, context, data) {
  if (!links?.length) return shown;
  const [first] = links;
  const address = addressOf(first, context, data);
  const made = element('a', { href: address, title: first.title || null, target: first.targetBlank ? '_blank' : null, rel: 'noopener' }, shown.textContent);
  made.className = shown.className;
  return made;
}
