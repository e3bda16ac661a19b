// One panel: its frame, its questions to Prometheus, and whichever drawing fits its type.
import { element } from './dom.js';
import { framesOf, prepared } from './frames.js';
import { addressOf } from './links.js';
import * as alertlist from './panels/alertlist.js';
import * as bargauge from './panels/bargauge.js';
import * as heatmap from './panels/heatmap.js';
import * as stat from './panels/stat.js';
import * as stateTimeline from './panels/state-timeline.js';
import * as table from './panels/table.js';
import * as text from './panels/text.js';
import * as timeseries from './panels/timeseries.js';
import { clock, milliseconds } from './time.js';
import { transformed } from './transformations.js';
import { inText } from './variables.js';

const A_MINUTE = 60_000;
const TYPES = { alertlist, bargauge, heatmap, stat, 'state-timeline': stateTimeline, table, text, timeseries };

// The panel's box. `draw(context)` asks and draws; errors stay inside, with the query they are about.
export function panelBox(panel) {
  const body = element('div', { class: 'body' });
  const heading = element('h3', {});
  const extras = element('span', { class: 'extras' });
  const box = element('section', { class: 'panel', 'data-panel': panel.id, 'data-type': panel.type }, element('header', {}, heading, extras), body);
  if (panel.transparent) box.classList.add('transparent');
  let last = null;
  const draw = async (ofBoard) => {
    const context = ownTime(panel, ofBoard);
    last = context;
    heading.textContent = inText(panel.title ?? '', context.variables);
    extras.replaceChildren(...extrasOf(panel, context, box));
    box.classList.add('loading');
    try {
      await drawBody(body, panel, context);
      box.dataset.state = body.querySelector('.empty') ? 'empty' : 'drawn';
    } catch (error) {
      if (error.name === 'AbortError') return;
      failed(body, error);
      box.dataset.state = 'failed';
    } finally {
      if (last === context) box.classList.remove('loading');
    }
  };
  return { box, draw, panel };
}

// A panel may show another time than its board: the seven days before the end, say.
function ownTime({ timeFrom }, context) {
  if (!timeFrom) return context;
  return { ...context, range: { from: context.range.to - milliseconds(timeFrom), to: context.range.to } };
}

async function drawBody(body, panel, context) {
  const type = TYPES[panel.type];
  if (!type) throw new Error(`This page does not draw panels of the type "${panel.type}"; Grafana does.`);
  const points = Math.max(50, Math.round(body.clientWidth));
  const asks = !type.asksItself && panel.type !== 'text';
  const frames = asks ? transformed(await framesOf(panel, context, points, context.signal), panel) : [];
  const sameKind = body.querySelector(':scope > .failure, :scope > .empty') === null;
  if (!sameKind) body.replaceChildren();
  if (asks && frames.every(({ fields }) => !fields[0]?.values.length)) return empty(body, panel, context, points);
  return type.draw(body, panel, frames, context);
}

function empty(body, panel, context, points) {
  const why = panel.fieldConfig?.defaults?.noValue;
  const reasons = [why ? inText(why, context.variables) : 'No data', tooNew(panel, context, points)].filter(Boolean);
  body.replaceChildren(element('p', { class: 'empty nothing' }, reasons.join(' ')));
}

// The points of a graph are whole steps: over weeks what began minutes ago has none yet.
function tooNew(panel, context, points) {
  const steps = panel.targets.filter(({ expr, instant, range }) => expr && (range || !instant)).map((target) => prepared(target, panel, context, points).step);
  if (!steps.length) return null;
  const newest = Math.max(...steps.map((step) => Math.floor(context.range.to / step) * step));
  return context.range.to - newest < A_MINUTE ? null : `(The newest point in this time range is at ${clock(newest)}. Anything that started later shows in a shorter range.)`;
}

function failed(body, error) {
  const query = error.query ? element('code', {}, error.query) : null;
  body.replaceChildren(element('div', { class: 'failure', role: 'alert' }, element('p', {}, error.message), query));
}

function extrasOf(panel, context, box) {
  const links = (panel.links ?? []).map((link) => element('a', { href: addressOf(link, context), title: link.title, target: link.targetBlank ? '_blank' : null, rel: 'noopener' }, '↗'));
  const own = panel.timeFrom && !panel.hideTimeOverride ? element('small', {}, `last ${panel.timeFrom}`) : null;
  return [own, ...links, panel.description ? description(panel, context) : null, panel.targets?.length ? queriesButton(panel, context, box) : null].filter(Boolean);
}

function description(panel, context) {
  return element('span', { class: 'about', tabindex: '0', role: 'note' }, 'i', element('span', { class: 'words' }, inText(panel.description, context.variables)));
}

function queriesButton(panel, context, box) {
  return element('button', { type: 'button', title: 'The queries of this panel', onclick: () => showQueries(panel, context, box) }, '⋯');
}

// The questions as they are asked, to be copied elsewhere.
function showQueries(panel, context, box) {
  const points = Math.max(50, Math.round(box.clientWidth));
  const queries = panel.targets.filter(({ expr }) => expr).flatMap((target) => {
    const { expr, step } = prepared(target, panel, context, points);
    const how = target.instant && !target.range ? 'the newest value' : `every ${step / 1000} s`;
    return [element('p', {}, `${target.refId}: ${how}`), element('pre', {}, expr)];
  });
  const close = element('button', { type: 'button', onclick: () => dialog.close() }, 'Close');
  const dialog = element('dialog', { onclose: () => dialog.remove() }, element('h3', {}, panel.title ?? ''), ...queries, close);
  document.body.append(dialog);
  dialog.showModal();
}
