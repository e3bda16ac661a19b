/** The agent: measures what the user of a page feels, and sends it in beacons to the receiver. No cookie, no storage. */

import { beginAction, watchActions } from './actions.js';
import { Batch } from './batch.js';
import { measureBlocking } from './blocking.js';
import { refused } from './consent.js';
import { countErrors } from './errors.js';
import { Navigation } from './navigation.js';
import { Requests } from './requests.js';
import { fold, path } from './routes.js';
import { completeShift, measureLoad } from './vitals.js';

/** On `window`: a page may have the script's tag and import it too, and is measured once. */
const started = () => window.pantrywatchBatch;

/**
 * Start measuring, once per page; nothing happens if the browser asks not to be tracked.
 * @param {object} [options]
 * @param {string} [options.to] the address of the receiver
 * @param {string[]} [options.routes] templates of the routes, as in `rum.routes` of the settings
 * @param {boolean} [options.hash] whether the router keeps the path behind the `#`
 * @param {number} [options.sample] the share of page loads to measure, from 0 to 1
 */
export function start(options = {}) {
  const { prerendering } = document; // web-vitals never sees one: build.mjs
  if (prerendering) {
    document.addEventListener('prerenderingchange', () => start(options), { once: true });
    return;
  }
  const { to = '/rum', routes = [], hash = false, sample = 1 } = options;
  if (started() || refused() || Math.random() >= sample) return;
  const batch = new Batch(to, fold(path(hash), routes), sample <= 1 ? sample : 1);
  window.pantrywatchBatch = batch;
  const visit = { type: '', from: 0, to: Infinity };
  const requests = new Requests(() => batch.count('failed_requests'));
  new Navigation({ routes, hash }, batch, requests, visit);
  countErrors(batch);
  measureBlocking(batch);
  watchActions(batch, requests);
  measureLoad(batch, visit);
  sendWhenLeft(batch);
}

/** Stop measuring for the rest of this page: what was not sent yet is forgotten. */
export function stop() {
  started()?.stop();
}

/**
 * Begin a named action by hand.
 * @param {string} name `search`, `form`, or one of the receiver's `rum.actions`
 * @returns {() => void} to be called when its result is there
 */
export function action(name) {
  return started() ? beginAction(started(), name) : () => {};
}

/**
 * On `window`, which the event reaches last: web-vitals has reported by then. A browser that fires `pagehide` alone
 * still sends what is final.
 */
function sendWhenLeft(batch) {
  addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'hidden') return;
    completeShift(batch);
    batch.flush(true);
  });
  addEventListener('pagehide', () => batch.flush(document.visibilityState === 'hidden'));
}
