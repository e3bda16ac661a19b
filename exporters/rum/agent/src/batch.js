/** What was measured since the last beacon: numbers and names of closed sets, as `exporters/rum/beacon.py` reads them. */

const MOST_ACTIONS = 50;
const MOST_COUNT = 10_000;
/** Beacons that the browser did not take yet: it holds 64 kB of them; the oldest go first. */
const MOST_WAITING = 50;
const DELAY_MS = 10_000;
/** Final only when the page is hidden or left. */
const UNTIL_LEFT = ['lcp', 'cls', 'inp'];

const PHONE_WIDTH = 600; // CSS pixels of the shorter side

function device() {
  if (!matchMedia('(pointer: coarse)').matches) return 'desktop';
  return Math.min(screen.width, screen.height) < PHONE_WIDTH ? 'phone' : 'tablet';
}

/** 96 bits as at most 30 digits; fewer than 16 are as good as impossible. */
const randomId = () => crypto.getRandomValues(new Uint32Array(3)).join('');

export class Batch {
  #waiting = []; // beacons keep their id, so none counts twice
  #interactionsBefore = performance.interactionCount ?? 0;
  #timer;
  #sent;
  #news; // fields of the next beacon

  /**
   * @param {string} to the address of the receiver
   * @param {string} route the template of the page's first route
   * @param {number} sample the share of page loads that is measured
   */
  constructor(to, route, sample) {
    Object.assign(this, { to, sample });
    this.begin('hard', route);
  }

  /** Start another page load or route change; what came before must have been sent. */
  begin(navigation, route) {
    this.navigation = navigation;
    this.route = route;
    this.vitals = {};
    this.#sent = new Set();
    this.#news = {};
  }

  /** Keep the newest value of a measure in milliseconds, or the score of the layout shift. */
  measure(name, value) {
    this.vitals[name] = value;
    this.#soon();
  }

  count(name, by = 1) {
    if (!by) return;
    this.#news[name] = Math.min((this.#news[name] ?? 0) + by, MOST_COUNT);
    this.#soon();
  }

  /** Add milliseconds in which the page could not answer. */
  block(party, duration) {
    if (!duration) return;
    const sums = (this.#news.blocking ??= {});
    sums[party] = Math.round((sums[party] ?? 0) + duration);
    this.#soon();
  }

  action(name, duration) {
    if (this.#news.actions?.length === MOST_ACTIONS) this.flush(false);
    (this.#news.actions ??= []).push({ name, duration });
    this.#soon();
  }

  /** Send what the files of the page load weighed along with its other measures. */
  weigh(resources) {
    this.#news.resources = resources;
  }

  #soon() {
    this.#timer ??= setTimeout(() => this.flush(false), DELAY_MS);
  }

  /** Send what there is; measures that may still change only if the page is hidden or left. Each goes out once. */
  flush(isLeft) {
    clearTimeout(this.#timer);
    const beacon = this.#beacon(isLeft);
    this.#timer = undefined;
    if (beacon) this.#waiting.push(beacon);
    while (this.#waiting.length && this.#send(this.#waiting[0])) this.#waiting.shift();
    this.#waiting.splice(0, this.#waiting.length - MOST_WAITING);
  }

  /** Where a browser or a page forbids it, nothing is sent and nothing thrown. `to` is not of the page's <base>. */
  #send(beacon) {
    try {
      return navigator.sendBeacon(new URL(this.to, origin), beacon);
    } catch {
      return false;
    }
  }

  /** Send nothing from now on, whatever there is. */
  stop() {
    this.flush = () => {};
  }

  #beacon(isLeft) {
    const ready = Object.entries(this.vitals).filter(
      ([name]) => !this.#sent.has(name) && (isLeft || !UNTIL_LEFT.includes(name)),
    );
    const ever = performance.interactionCount ?? 0;
    this.count('interactions', ever - this.#interactionsBefore);
    if (!ready.length && !Object.keys(this.#news).length) return undefined;
    this.#interactionsBefore = ever;
    ready.forEach(([name]) => this.#sent.add(name));
    const text = JSON.stringify({
      id: randomId(),
      navigation: this.navigation,
      route: this.route,
      device: device(),
      connection: navigator.connection?.effectiveType ?? '',
      webdriver: !!navigator.webdriver,
      vitals: Object.fromEntries(ready),
      sample: this.sample,
      ...this.#news,
    });
    this.#news = {};
    return text;
  }
}
