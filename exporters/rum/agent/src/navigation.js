/** Changes of route without a page load, by the history of the browser: any router makes them. */

import { afterPaint, whenIdle } from './paint.js';
import { fold, path } from './routes.js';
import { completeShift } from './vitals.js';

/** A change of route belongs to the click or key just before it. */
const CAUSED_WITHIN_MS = 1000;

export class Navigation {
  #stop;
  #input;
  #path;

  /**
   * @param {{routes: string[], hash: boolean}} options
   * @param {{type: string, from: number, to: number}} visit of the current route, as in vitals.js
   */
  constructor(options, batch, requests, visit) {
    Object.assign(this, { options, batch, requests, visit });
    this.#path = path(options.hash);
    this.#input = -Infinity;
    ['click', 'keydown'].forEach((type) =>
      addEventListener(type, (event) => (this.#input = event.timeStamp), true),
    );
    this.#watch();
  }

  #watch() {
    this.#wrap('pushState', () => this.#change());
    this.#wrap('replaceState', () => this.#rename());
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

  /** A replaced entry of the history is a redirect, not a change of route: the batch gets the route's name. */
  #rename() {
    this.#path = path(this.options.hash);
    this.batch.route = fold(this.#path, this.options.routes);
  }

  /** Measure from the click, or from now, until the requests of the new route have ended and it is painted. */
  #change() {
    const next = path(this.options.hash);
    if (next === this.#path) return;
    this.#path = next;
    this.#stop?.();
    const now = performance.now();
    this.visit.to = Math.min(this.visit.to, now);
    const start = now - this.#input < CAUSED_WITHIN_MS ? this.#input : now;
    this.#follow(fold(next, this.options.routes), start);
  }

  #follow(route, start) {
    let isCurrent = true;
    const turn = (now) => whenIdle(() => isCurrent && this.#turn(route, now - start));
    // The new route asks for its data once it is drawn, React's after that: only when the page is idle is it known whether
    // there are requests.
    const since = this.requests.started;
    afterPaint((painted) =>
      whenIdle(() => {
        if (this.requests.started === since) turn(painted);
        else this.#quiet(since, () => afterPaint(turn));
      }),
    );
    this.#stop = () => (isCurrent = false);
  }

  #quiet(since, callback) {
    this.requests.whenQuiet(since, callback);
    this.requests.watchers.forEach((watcher) => watcher());
  }

  #turn(route, duration) {
    completeShift(this.batch);
    this.batch.flush(true);
    this.batch.begin('soft', route);
    this.batch.measure('route_change', duration);
    this.#enter('soft-navigation', this.visit.to);
    this.visit.later?.();
  }

  /** A page that comes back from the back/forward cache is another visit of its route; what was left then was sent. */
  #comeBack(now) {
    this.#stop?.();
    this.batch.begin('hard', fold(this.#path, this.options.routes));
    this.#enter('back-forward-cache', now);
  }

  #enter(type, from) {
    Object.assign(this.visit, { type, from, to: Infinity });
  }
}
