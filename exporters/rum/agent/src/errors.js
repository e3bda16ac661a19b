/** Counts what scripts did not catch. Neither message nor place is kept: only that it happened. */

/** @param {import('./batch.js').Batch} batch */
export function countErrors(batch) {
  addEventListener('error', (event) => {
    // Observers that need another frame report it as an error, though no script failed.
    if (!event.message?.startsWith('ResizeObserver loop')) batch.count('errors');
  });
  addEventListener('unhandledrejection', () => batch.count('rejections'));
}
