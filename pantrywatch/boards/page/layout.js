// Panels where Grafana puts them: 24 columns, in sections that fold. Drawn when they come into view.
import { element } from './dom.js';
import { panelBox } from './panel.js';
import { inText } from './variables.js';

const CELL_PX = 30;
const GAP_PX = 8;
const SMALL_COLUMNS = 6;

// { node, panels } of the whole board.
export function boardLayout(board, context) {
  const sections = sectionsOf(board.panels ?? []);
  const made = sections.map((section) => drawSection(section, context));
  return { node: element('main', {}, ...made.map(({ node }) => node)), panels: made.flatMap(({ panels }) => panels) };
}

// A row begins a section: closed, its panels are inside it; open, those that follow.
function sectionsOf(panels) {
  const sections = [{ row: null, panels: [] }];
  for (const panel of panels.toSorted((one, other) => one.gridPos.y - other.gridPos.y || one.gridPos.x - other.gridPos.x)) {
    if (panel.type === 'row') sections.push({ row: panel, panels: [...(panel.panels ?? [])] });
    else sections.at(-1).panels.push(panel);
  }
  return sections.filter(({ row, panels: own }) => row || own.length);
}

function drawSection({ row, panels }, context) {
  const top = panels.reduce((least, { gridPos }) => Math.min(least, gridPos.y), Infinity);
  const boxes = panels.map((panel) => placed(panelBox(panel), top));
  const grid = element('div', { class: 'grid' }, ...boxes.map(({ box }) => box));
  if (!row) return { node: grid, panels: boxes };
  const heading = element('summary', {}, inText(row.title ?? '', context.variables), element('small', {}, row.collapsed ? ` (${panels.length})` : ''));
  const node = element('details', { class: 'row' }, heading, grid);
  node.open = !row.collapsed;
  return { node, panels: boxes };
}

function placed(made, top) {
  const { x, y, w, h } = made.panel.gridPos;
  made.box.style.gridColumn = `${x + 1} / span ${w}`;
  made.box.style.gridRow = `${y - top + 1} / span ${h}`;
  // In one column the height has to be said.
  made.box.style.setProperty('--height', `${h * CELL_PX + (h - 1) * GAP_PX}px`);
  made.box.classList.toggle('small', w <= SMALL_COLUMNS);
  return made;
}

// Calls back for panels as they come near the view, once until `again` is called.
export function whenSeen(panels, callback) {
  const byBox = new Map(panels.map((panel) => [panel.box, panel]));
  const seen = new Set();
  const done = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
      if (isIntersecting && !done.has(target)) {
        done.add(target);
        callback(byBox.get(target));
      }
    }
  }, { rootMargin: '200px' });
  for (const box of byBox.keys()) observer.observe(box);
  return {
    again() {
      done.clear();
      for (const box of seen) {
        done.add(box);
        callback(byBox.get(box));
      }
    },
    stop: () => observer.disconnect(),
  };
}
