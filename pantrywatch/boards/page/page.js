// A board at an address as Grafana has it: /d/UID?var-NAME=VALUE&from=now-6h&to=now.
import { forgetCharts } from './chart.js';
import { dropDowns, loadVariables } from './choices.js';
import { element } from './dom.js';
import { eventsOf } from './events.js';
import { boardLayout, whenSeen } from './layout.js';
import { addressOf } from './links.js';
import { ask } from './prometheus.js';
import { milliseconds, timeOf } from './time.js';
import { boardLinks, boardPicker, rangePicker, refreshPicker } from './toolbar.js';

const root = document.querySelector('#board');
const notice = document.querySelector('#notice');

class BoardPage {
  constructor(board, boards) {
    this.board = board;
    this.boards = boards;
    this.parameters = new URLSearchParams(window.location.search);
    this.refresh = this.parameters.get('refresh') ?? (board.refresh || '');
  }

  get raw() {
    const { from = 'now-6h', to = 'now' } = this.young ?? this.board.time ?? {};
    return { from: this.parameters.get('from') ?? from, to: this.parameters.get('to') ?? to };
  }

  rangeParameters() {
    return new URLSearchParams(this.raw).toString();
  }

  // What panels need to know of the page; made again for every drawing.
  context() {
    const now = Date.now();
    this.stopAsking?.abort();
    this.stopAsking = new AbortController();
    return {
      range: { from: timeOf(this.raw.from, now), to: timeOf(this.raw.to, now) },
      variables: this.variables ?? new Map(),
      events: [],
      signal: this.stopAsking.signal,
      rangeParameters: () => this.rangeParameters(),
      zoom: (from, to) => this.go({ from: String(from), to: String(to) }),
    };
  }

  // Changes the address and draws what it says.
  go(changes) {
    for (const [name, value] of Object.entries(changes)) {
      this.parameters.delete(name);
      for (const each of [value].flat()) this.parameters.append(name, each);
    }
    window.history.pushState(null, '', `?${this.parameters}`);
    return this.open();
  }

  async open() {
    this.seen?.stop();
    const context = this.context();
    try {
      this.variables = await loadVariables(this.board, this.parameters, context);
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.variables ??= new Map();
      problem(error.message);
    }
    context.variables = this.variables;
    this.toolbar(context);
    const { node, panels } = boardLayout(this.board, context);
    forgetCharts();
    root.replaceChildren(node);
    this.current = this.withEvents(context);
    this.seen = whenSeen(panels, async (panel) => panel.draw(await this.current));
    this.schedule();
  }

  async withEvents(context) {
    try {
      context.events = await eventsOf(this.board, context);
      problem('');
    } catch (error) {
      if (error.name !== 'AbortError') problem(error.message);
    }
    return context;
  }

  again() {
    if (document.hidden || document.querySelector('dialog[open], details.menu[open], .choice details[open]')) return;
    this.current = this.withEvents(this.context());
    this.seen.again();
  }

  schedule() {
    clearInterval(this.timer);
    if (this.refresh) this.timer = setInterval(() => this.again(), milliseconds(this.refresh));
  }

  toolbar(context) {
    const { board } = this;
    document.title = `${board.title} – boards`;
    const title = element('h1', { title: board.description ?? null }, board.title);
    const right = element('div', { class: 'right' },
      rangePicker(this.raw, (from, to) => this.go({ from, to })),
      refreshPicker(this.refresh, (value) => this.go({ refresh: (this.refresh = value) })),
      element('button', { type: 'button', onclick: () => this.again(), title: 'Refresh' }, '⟳'));
    const choices = dropDowns(this.variables, (name, values) => this.go({ [`var-${name}`]: values }));
    const links = boardLinks(board, (link) => addressOf(link, context));
    document.querySelector('#toolbar').replaceChildren(
      element('div', { class: 'line' }, boardPicker(this.boards, board.uid, this.rangeParameters()), title, ...links, right),
      ...(choices.length ? [element('div', { class: 'line' }, ...choices)] : []));
  }
}

function problem(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

async function json(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

// The range a board opens with while there is less data than it would show: else the first hour is a hairline at the
// right edge. Null once there is enough, or where Prometheus does not answer.
async function youngRange({ from = 'now-6h', to = 'now' } = {}) {
  if (from !== 'now-6h' || to !== 'now') return null;
  try {
    const { result } = await ask('query', { query: 'count_over_time((count(up) > 0)[6h:1m])' });
    const minutes = Number(result[0]?.value[1] ?? 0);
    const enough = [15, 30, 60, 180].find((length) => minutes <= length);
    return enough ? { from: `now-${enough}m`, to: 'now' } : null;
  } catch {
    return null;
  }
}

async function start() {
  const uid = /^\/d\/([\w-]+)/.exec(window.location.pathname)?.[1];
  try {
    const [boards, board] = await Promise.all([json('/api/boards'), json(`/api/boards/${uid}`)]);
    const page = new BoardPage(board, boards);
    if (!page.parameters.has('from')) page.young = await youngRange(board.time);
    window.addEventListener('popstate', () => {
      page.parameters = new URLSearchParams(window.location.search);
      page.open();
    });
    await page.open();
  } catch (error) {
    problem(error.message);
  }
}

start();
