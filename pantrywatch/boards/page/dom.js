// Elements without markup in strings: whatever comes from outside (label values above all) becomes text, never markup.

// `attributes`: class, title, href …; a function under on<event> listens. Children: nodes, texts; null is left out.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (typeof value === 'function') made.addEventListener(name.replace(/^on/, ''), value);
    else made.setAttribute(name, name === 'href' ? safeAddress(value) : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Ways within these pages and to web addresses; anything else (javascript:) leads nowhere.
export function safeAddress(address) {
  try {
    const { protocol } = new URL(address, window.location.href);
    return ['http:', 'https:'].includes(protocol) ? address : '#';
  } catch {
    return '#';
  }
}

// The chart library reads a few tags in its texts.
export function plainForChart(text) {
  return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
