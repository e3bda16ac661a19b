/** For how long the page could not answer, and whose scripts kept it from that: only the part of each wait beyond 50 ms. */

import { supports } from './paint.js';

const TASK_MS = 50;

/** @param {import('./batch.js').Batch} batch */
export function measureBlocking(batch) {
  if (supports('long-animation-frame')) watch('long-animation-frame', (frame) => share(batch, frame));
  else if (supports('longtask')) watch('longtask', (task) => batch.block('unknown', task.duration - TASK_MS));
}

const watch = (type, callback) =>
  new PerformanceObserver((list) => list.getEntries().forEach(callback)).observe({ type, buffered: true });

/** Divide a frame's blocking time among its scripts, by their durations. */
function share(batch, { blockingDuration, scripts }) {
  const total = scripts.reduce((sum, { duration }) => sum + duration, 0);
  if (!total) batch.block('unknown', blockingDuration);
  else scripts.forEach((one) => batch.block(party(one.sourceURL), (blockingDuration * one.duration) / total));
}

function party(url) {
  if (!url) return 'unknown';
  return url.startsWith(`${location.origin}/`) ? 'first' : 'third';
}
