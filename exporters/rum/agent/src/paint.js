/** When what a script changed is on the screen, and what the browser can tell of it. */

/** Return whether the browser records entries of a type. */
export const supports = (type) => PerformanceObserver.supportedEntryTypes?.includes(type);

let changed = -Infinity;
['visibilitychange', 'pagehide'].forEach((type) => addEventListener(type, (event) => (changed = event.timeStamp)));

/** Return whether the page has been hidden, or left, since a time: who looks elsewhere does not wait. */
export const wasHidden = (since) => changed >= since;

/** Call back with the time after the next paint; not while the page is hidden, which paints nothing. */
export function afterPaint(callback) {
  requestAnimationFrame(() => requestAnimationFrame(() => callback(performance.now())));
}

/** Call back when the main thread has nothing urgent to do, within a second. */
export function whenIdle(callback) {
  if (window.requestIdleCallback) requestIdleCallback(callback, { timeout: 1000 });
  else setTimeout(callback);
}
