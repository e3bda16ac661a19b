/** Counts what scripts did not catch, by class. Neither message nor place is kept: only that it happened. */

/** @param {import('./batch.js').Batch} batch */
export function countErrors(batch) {
  const note = (event) => batch.count(classOf(event));
  window.pantrywatchErrors?.splice(0).forEach(note); // early.js, if the page has it
  // Captured: what a file that did not load says reaches its element alone.
  addEventListener('error', note, true);
  addEventListener('unhandledrejection', note);
}

function classOf({ type, target, message, error, filename }) {
  if (type !== 'error') return 'rejections';
  if (target !== window) return 'failed_resources';
  // Observers that need another frame report it as an error, though no script failed.
  if (message?.startsWith('ResizeObserver loop')) return 'observer_errors';
  // Whatever it is: a script may throw undefined, or 0.
  if (error !== null) return 'errors';
  // A worker's error has a place and no object; that of a script of another origin has neither.
  return filename ? 'worker_errors' : 'opaque_errors';
}
