/** A search, from the query to its results, or a form, from its submission to its feedback. */

import { afterPaint, wasHidden } from './paint.js';

/** A name is the developer's, and never a text of the page; the receiver knows those of its settings. */
const NAME = /^[a-z][a-z0-9_-]{0,29}$/;
const ATTRIBUTE = 'data-pantrywatch';
/** An action that sends no request in this time, after the pause in typing that a search may wait for, has none. */
const REQUEST_WITHIN_MS = 1000;

/**
 * Measure a named action.
 * @param {import('./batch.js').Batch} batch
 * @param {string} name `search`, `form`, or one of the receiver's `rum.actions`
 * @returns {() => void} to be called when the result is there: the time until it is painted counts, once
 */
export function beginAction(batch, name, start = performance.now()) {
  let isDone = !NAME.test(name);
  return () => {
    if (isDone) return;
    isDone = true;
    afterPaint((now) => wasHidden(start) || batch.action(name, now - start));
  };
}

/**
 * Measure the actions of elements with the attribute: of a form its submission, of a field its input, of any other a
 * click. Such an action ends when the requests that it started have ended.
 */
export function watchActions(batch, requests) {
  const stops = new WeakMap(); // element → stops its last action, if another one begins first
  const begin = (event) => {
    const element = event.target.closest?.(`[${ATTRIBUTE}]`);
    if (!element || eventOf(element) !== event.type) return;
    stops.get(element)?.();
    stops.set(element, follow(batch, requests, element.getAttribute(ATTRIBUTE), event.timeStamp));
  };
  ['submit', 'input', 'click'].forEach((type) => addEventListener(type, begin, true));
}

function eventOf(element) {
  if (element.tagName === 'FORM') return 'submit';
  return ['INPUT', 'SELECT', 'TEXTAREA'].includes(element.tagName) ? 'input' : 'click';
}

function follow(batch, requests, name, start) {
  const since = requests.started;
  const finish = beginAction(batch, name, start);
  const stop = requests.whenQuiet(since, finish);
  setTimeout(() => requests.started === since && stop(), REQUEST_WITHIN_MS);
  return stop;
}
