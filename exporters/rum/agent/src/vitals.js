/** The measures of a page load. Those of one load end with the first change of route, or when the page is hidden. */

import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals';
import { supports } from './paint.js';
import { weigh } from './resources.js';

/**
 * Measure the page load into a batch.
 * @param {import('./batch.js').Batch} batch
 * @param {{at: number}} end when the page's first route ended, on the clock of performance.now()
 */
export function measureLoad(batch, end) {
  const take = (name) => (metric) => {
    const isOwn = metric.navigationType !== 'back-forward-cache' && !(metric.entries.at(-1)?.startTime >= end.at);
    if (isOwn && batch.navigation === 'hard') batch.measure(name, metric.value);
  };
  const always = { reportAllChanges: true };
  onLCP(take('lcp'), always);
  onCLS(take('cls'), always);
  onINP(take('inp'), always);
  onFCP(take('fcp'));
  onTTFB(take('ttfb'));
  measureFirstInput(batch, end);
  measureLoadEvent(batch);
}

/** web-vitals has no first input delay since its version 5. */
function measureFirstInput(batch, end) {
  if (!supports('first-input')) return;
  new PerformanceObserver((list) => {
    const [first] = list.getEntries();
    if (first.startTime < end.at && batch.navigation === 'hard') {
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
      batch.measure('load', entry.loadEventStart - (entry.activationStart ?? 0));
      batch.resources = weigh();
    }
  };
  if (document.readyState === 'complete') read();
  else addEventListener('load', () => read(), { once: true });
}

/** A load without a layout shift has a score of 0, which web-vitals reports only for a page that is hidden. */
export function completeShift(batch) {
  if (batch.navigation === 'hard' && 'fcp' in batch.vitals && supports('layout-shift')) batch.vitals.cls ??= 0;
}
