/** Requests of scripts: how many failed, and when all that were started since a moment have ended. */

const FAILED_STATUS = 500;

export class Requests {
  #onFailure;
  #open;

  /** @param {() => void} onFailure called for a request without an answer, or with a status of 500 and above */
  constructor(onFailure) {
    this.#onFailure = onFailure;
    this.started = 0;
    this.#open = new Set();
    this.watchers = new Set();
    this.#wrapFetch();
    this.#wrapXhr();
  }

  #begin() {
    const number = ++this.started;
    this.#open.add(number);
    return (isFailed) => {
      if (!this.#open.delete(number)) return;
      if (isFailed) this.#onFailure();
      this.watchers.forEach((watcher) => watcher());
    };
  }

  /**
   * Call back once no request after number `since` is open.
   * @returns {() => void} stops the watching
   */
  whenQuiet(since, callback) {
    const watcher = () => {
      if ([...this.#open].some((number) => number > since)) return;
      this.watchers.delete(watcher);
      callback();
    };
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  #wrapFetch() {
    const requests = this;
    const original = window.fetch;
    window.fetch = function fetch(...parts) {
      const end = requests.#begin();
      // What the page gets is the last promise of the chain, so that a rejection nobody catches is still reported.
      return original.apply(this, parts).then(
        (response) => {
          end(response.status >= FAILED_STATUS);
          return response;
        },
        (error) => {
          end(error?.name !== 'AbortError');
          throw error;
        },
      );
    };
  }

  #wrapXhr() {
    const requests = this;
    const original = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function send(...parts) {
      original.apply(this, parts); // one that throws never began: nothing waits for its end
      const end = requests.#begin();
      let isAborted = false;
      const ended = () => end(!isAborted && (this.status === 0 || this.status >= FAILED_STATUS));
      if (this.readyState === XMLHttpRequest.DONE) return ended(); // it was synchronous
      this.addEventListener('abort', () => (isAborted = true), { once: true });
      this.addEventListener('loadend', ended, { once: true });
    };
  }
}
