/** Requests of scripts: how many failed, and when all that were started since a moment have ended. */

import { wasHidden } from './paint.js';

const FAILED_STATUS = 500;
/** A page that is left takes its requests along: those without an answer in this time have not failed. */
const LEAVING_MS = 1000;
const READERS = ['json', 'text', 'blob', 'arrayBuffer'];

const isLost = (isAborted) => !(isAborted || wasHidden(performance.now() - LEAVING_MS));

export class Requests {
  #onFailure;
  #open = new Set();
  #watchers = new Set();
  started = 0;

  /** @param {() => void} onFailure called for a request without an answer, or with a status of 500 and above */
  constructor(onFailure) {
    this.#onFailure = onFailure;
    this.#wrapFetch();
    this.#wrapXhr();
  }

  #begin() {
    const number = ++this.started;
    this.#open.add(number);
    return (isFailed) => {
      if (!this.#open.delete(number)) return;
      if (isFailed) this.#onFailure();
      this.#watchers.forEach((watcher) => watcher());
    };
  }

  /**
   * Call back once a request after number `since` was started, and none of them is open.
   * @returns {() => void} stops the watching
   */
  whenQuiet(since, callback) {
    const watcher = () => {
      if (this.started === since || [...this.#open].some((number) => number > since)) return;
      this.#watchers.delete(watcher);
      callback();
    };
    this.#watchers.add(watcher);
    watcher();
    return () => this.#watchers.delete(watcher);
  }

  #wrapFetch() {
    const requests = this;
    const original = window.fetch;
    // A page may have made it read-only: then it is not measured.
    Reflect.set(window, 'fetch', async function fetch(...parts) {
      const end = requests.#begin();
      try {
        const response = await original.apply(this, parts);
        endOnceRead(response, () => end(response.status >= FAILED_STATUS));
        return response;
      } catch (error) {
        end(isLost(error?.name === 'AbortError'));
        throw error;
      }
    });
  }

  #wrapXhr() {
    const requests = this;
    const original = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function send(...parts) {
      original.apply(this, parts); // one that throws never began: nothing waits for its end
      const end = requests.#begin();
      let isAborted = false;
      const ended = () => end(this.status ? this.status >= FAILED_STATUS : isLost(isAborted));
      if (this.readyState === XMLHttpRequest.DONE) return ended(); // it was synchronous
      this.addEventListener('abort', () => (isAborted = true), { once: true });
      this.addEventListener('loadend', ended, { once: true });
    };
  }
}

/** End a request when its body has been read, or at once if the page does not begin to: it may be a stream. */
function endOnceRead(response, end) {
  const timer = setTimeout(end);
  READERS.forEach((name) => {
    const read = response[name];
    response[name] = () => {
      clearTimeout(timer);
      return read.call(response).finally(end);
    };
  });
}
