/** Changes of route without a page load, by the history of the browser: any router makes them. */

import { afterPaint, wasHidden, whenIdle } from './paint.js';
import { fold, path } from './routes.js';
import { completeShift } from './vitals.js';

/** A change of route belongs to the click or key just before it. */
const CAUSED_WITHIN_MS = 1000;

export class Navigation {
  #stop;
  #input = -Infinity;
  #path;

  /**
   * @param {{routes: string[], hash: boolean}} options
   * @param {{type: string, from: number, to: number}} visit of the current route, as in vitals.js
   */
  constructor(options, batch, requests, visit) {
    Object.assign(this, { options, batch, requests, visit });
    this.#path = path(options.hash);
    ['click', 'keydown'].forEach((type) =>
      addEventListener(type, (event) => (this.#input = event.timeStamp), true),
    );
    this.#watch();
  }

  #watch() {
    this.#wrap('pushState', () => this.#change());
    this.#wrap('replaceState', () => this.#rename());
    // Routers of the Navigation API call neither, and cause no popstate.
    window.navigation?.addEventListener('currententrychange', ({ navigationType }) =>
      navigationType === 'replace' ? this.#rename() : this.#change(),
    );
    addEventListener('popstate', () => this.#change());
    addEventListener('hashchange', () => this.#change());
    addEventListener('pageshow', (event) => event.persisted && this.#comeBack(event.timeStamp));
  }

  #wrap(name, then) {
    const original = history[name];
    history[name] = function (...parts) {
      const result = original.apply(this, parts);
      then();
      return result;
    };
  }

  #route() {
    return fold(this.#path, this.options.routes);
  }

  /** A replaced entry of the history is a redirect, not a change of route: the route on its way, or the batch's, is renamed. */
  #rename() {
    this.#path = path(this.options.hash);
    if (this.visit.to === Infinity) this.batch.route = this.#route();
  }

  /** Measure from the click, or from now, until the requests of the new route have ended and it is painted. */
  #change() {
    const next = path(this.options.hash);
    if (next === this.#path) return;
    this.#path = next;
    this.#stop?.();
    const now = performance.now();
    this.visit.to = Math.min(this.visit.to, now);
    this.#follow(now - this.#input < CAUSED_WITHIN_MS ? this.#input : now);
  }

  #follow(start) {
    let isCurrent = true;
    const turn = (now) => whenIdle(() => isCurrent && this.#turn(start, now));
    // The new route asks for its data once it is drawn, React's after that: only when the page is idle is it known whether
    // there are requests.
    const since = this.requests.started;
    afterPaint((painted) =>
      whenIdle(() => {
        if (this.requests.started === since) turn(painted);
        else this.requests.whenQuiet(since, () => afterPaint(turn));
      }),
    );
    this.#stop = () => (isCurrent = false);
  }

  #turn(start, now) {
    completeShift(this.batch);
    this.batch.flush(true);
    this.batch.begin('soft', this.#route());
    if (!wasHidden(start)) this.batch.measure('route_change', now - start);
    this.#enter('soft-navigation', this.visit.to);
    this.visit.later?.();
  }

  /** A page that comes back from the back/forward cache is another visit of its route; what was left then was sent. */
  #comeBack(now) {
    this.#stop?.();
    this.batch.begin('hard', this.#route());
    this.#enter('back-forward-cache', now);
  }

  #enter(type, from) {
    Object.assign(this.visit, { type, from, to: Infinity });
  }
}
