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

const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export class Batch {
  #waiting;
  #interactionsBefore;
  #timer;
  #sent;
  #stopped;
  #actions;
  #counts;
  #blocking;

  /**
   * @param {string} to the address of the receiver
   * @param {string} route the template of the page's first route
   * @param {number} sample the share of page loads that is measured
   */
  constructor(to, route, sample) {
    Object.assign(this, { to, sample });
    this.#waiting = []; // they keep their id, so none counts twice
    this.#interactionsBefore = this.#interactionsEver();
    this.begin('hard', route);
    this.#stopped = false;
  }

  /** Start another page load or route change; what came before must have been sent. */
  begin(navigation, route) {
    this.navigation = navigation;
    this.route = route;
    this.vitals = {};
    this.#sent = new Set();
    this.#clear();
  }

  #clear() {
    this.#actions = [];
    this.#counts = {};
    this.#blocking = {};
    this.resources = undefined;
  }

  /** Keep the newest value of a measure in milliseconds, or the score of the layout shift. */
  measure(name, value) {
    this.vitals[name] = value;
    this.#soon();
  }

  count(name) {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    this.#soon();
  }

  /** Add milliseconds in which the page could not answer. */
  block(party, duration) {
    if (!duration) return;
    this.#blocking[party] = Math.round((this.#blocking[party] ?? 0) + duration);
    this.#soon();
  }

  action(name, duration) {
    if (this.#actions.length === MOST_ACTIONS) this.flush(false);
    this.#actions.push({ name, duration });
    this.#soon();
  }

  #interactionsEver() {
    return performance.interactionCount ?? 0;
  }

  #soon() {
    this.#timer ??= setTimeout(() => this.flush(false), DELAY_MS);
  }

  /** Send what there is; measures that may still change only if the page is hidden or left. Each goes out once. */
  flush(isLeft) {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const beacon = this.#beacon(isLeft);
    if (beacon && !this.#stopped) this.#waiting.push(beacon);
    while (this.#waiting.length && navigator.sendBeacon(this.to, this.#waiting[0])) this.#waiting.shift();
    this.#waiting.splice(0, this.#waiting.length - MOST_WAITING);
  }

  /** Forget everything, and send nothing from now on. */
  stop() {
    this.#stopped = true;
    this.#waiting = [];
    clearTimeout(this.#timer);
  }

  #beacon(isLeft) {
    const ready = Object.entries(this.vitals).filter(
      ([name]) => !this.#sent.has(name) && (isLeft || !UNTIL_LEFT.includes(name)),
    );
    const ever = this.#interactionsEver();
    const numbers = { ...this.#counts, interactions: ever - this.#interactionsBefore };
    const counts = Object.entries(numbers).filter(([, count]) => count > 0);
    const blocking = Object.keys(this.#blocking).length ? this.#blocking : undefined;
    if (!ready.length && !counts.length && !this.#actions.length && !blocking) return undefined;
    this.#interactionsBefore = ever;
    ready.forEach(([name]) => this.#sent.add(name));
    const text = JSON.stringify({
      id: randomId(),
      navigation: this.navigation,
      route: this.route,
      device: device(),
      connection: navigator.connection?.effectiveType ?? '',
      webdriver: navigator.webdriver === true,
      vitals: Object.fromEntries(ready),
      actions: this.#actions,
      blocking,
      resources: this.resources,
      sample: this.sample,
      ...Object.fromEntries(counts.map(([name, count]) => [name, Math.min(count, MOST_COUNT)])),
    });
    this.#clear();
    return text;
  }
}
