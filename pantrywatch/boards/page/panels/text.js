// Words: the part of Markdown that boards use, built as elements.
import { element } from '../dom.js';
import { inText } from '../variables.js';

export function draw(body, panel, _frames, context) {
  const { content = '', mode = 'markdown' } = panel.options ?? {};
  const text = inText(content, context.variables);
  const made = mode === 'markdown' ? blocks(text) : [element('pre', {}, text)];
  body.replaceChildren(element('div', { class: 'words scroll' }, ...made));
}

export function blocks(text) {
  return text.split(/\n{2,}/).map((block) => block.trim()).filter(Boolean).map((block) => {
    const lines = block.split('\n');
    const [, hashes, heading] = /^(#{1,4})\s+(.*)$/.exec(lines[0]) ?? [];
    if (hashes) return element(`h${hashes.length + 2}`, {}, ...inline(heading), ...inline(lines.slice(1).join(' ')));
    if (/^[-*]\s/.test(lines[0])) return list('ul', block, /\n(?=[-*]\s)/, /^[-*]\s+/);
    if (/^\d+\.\s/.test(lines[0])) return list('ol', block, /\n(?=\d+\.\s)/, /^\d+\.\s+/);
    if (lines.length > 2 && /^\|[-|: ]+\|$/.test(lines[1])) return table(lines);
    return element('p', {}, ...inline(lines.join(' ')));
  });
}

function list(tag, block, between, mark) {
  return element(tag, {}, ...block.split(between).map((item) => element('li', {}, ...inline(item.replace(mark, '').replace(/\s*\n\s*/g, ' ')))));
}

function table([head, , ...rows]) {
  const cells = (line) => line.replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());
  const row = (tag, line) => element('tr', {}, ...cells(line).map((cell) => element(tag, {}, ...inline(cell))));
  return element('table', { class: 'data' }, element('thead', {}, row('th', head)), element('tbody', {}, ...rows.map((line) => row('td', line))));
}

function inline(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return element('b', {}, part.slice(2, -2));
    if (/^`.+`$/.test(part)) return element('code', {}, part.slice(1, -1));
    const [, name, address] = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part) ?? [];
    return name ? element('a', { href: address }, name) : part;
  });
}
