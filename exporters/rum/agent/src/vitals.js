/**
 * The measures of a page load, or of its return from the back/forward cache, and the interactions of each route after it.
 * Those of one route end with the next change of route, or when the page is hidden.
 */

import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals';
import { supports } from './paint.js';
import { weigh } from './resources.js';

const NO_LOAD = /^soft|cache$/; // soft-navigation, back-forward-cache

/**
 * Measure the page load into a batch.
 * @param {import('./batch.js').Batch} batch
 * @param {{type: string, from: number, to: number}} visit of the current route: web-vitals' name for how it began, and
 *   from when to when it lasts, on the clock of performance.now()
 */
export function measureLoad(batch, visit) {
  const take = (name) => (metric) => {
    const type = metric.navigationType;
    const at = metric.entries.at(-1)?.startTime ?? visit.from;
    if ((NO_LOAD.test(type) ? type : '') !== visit.type || at < visit.from) return;
    if (at < visit.to) batch.measure(name, metric.value);
    else visit.later = () => take(name)(metric); // it belongs to the route that is still on its way
  };
  const always = { reportAllChanges: true };
  onLCP(take('lcp'), always);
  onCLS(take('cls'), always);
  onINP(take('inp'), { ...always, reportSoftNavs: true });
  onFCP(take('fcp'));
  onTTFB((metric) => visit.type || take('ttfb')(metric)); // nothing is fetched for a page that comes back
  measureFirstInput(batch, visit);
  measureLoadEvent(batch);
}

/** web-vitals has no first input delay since its version 5. */
function measureFirstInput(batch, visit) {
  if (!supports('first-input')) return;
  new PerformanceObserver((list) => {
    const [first] = list.getEntries();
    if (first.startTime < visit.to && batch.navigation === 'hard') {
      batch.measure('fid', first.processingStart - first.startTime);
    }
  }).observe({ type: 'first-input', buffered: true });
}

/** A page in a background tab loads at the browser's leisure: that is not what a user waits for. */
function measureLoadEvent(batch) {
  if (document.visibilityState === 'hidden') return;
  const read = () => {
    const [entry] = performance.getEntriesByType('navigation');
    if (entry?.loadEventStart > 0 && document.visibilityState === 'visible' && batch.navigation === 'hard') {
      batch.measure('load', Math.max(0, entry.loadEventStart - (entry.activationStart ?? 0)));
      batch.weigh(weigh());
    }
  };
  if (document.readyState === 'complete') read();
  else addEventListener('load', () => read(), { once: true });
}

/** A load without a layout shift has a score of 0, which web-vitals reports only for a page that is hidden. */
export function completeShift(batch) {
  if (batch.navigation === 'hard' && 'fcp' in batch.vitals && supports('layout-shift')) batch.vitals.cls ??= 0;
}
