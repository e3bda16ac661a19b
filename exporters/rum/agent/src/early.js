/**
 * Keeps what scripts do not catch until the agent starts, which happens once the document is read. A classic script before
 * all others, as a file or inline with a nonce.
 */
(() => {
  const MOST = 50;
  const early = (window.pantrywatchErrors = []);
  const keep = (event) => early.length < MOST && early.push(event);
  addEventListener('error', keep, true);
  addEventListener('unhandledrejection', keep);
})();
