// Runs before the page's own scripts, in an isolated world that they cannot see, and collects what the browser records.
// Times are milliseconds since navigation start, except where they are said to be Unix time.
(() => {
  const seen = { lcp: null, shifts: [], tasks: [] };
  const inputs = { fid: null, inp: null };
  const LIMIT = 5000;
  const watch = (type, note, more = {}) => {
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(note));
    observer.observe({ type, buffered: true, ...more });
    return () => observer.takeRecords().forEach(note);
  };
  const flush = [
    watch('largest-contentful-paint', (entry) => { seen.lcp = entry.startTime; }),
    watch('layout-shift', (entry) => {
      if (!entry.hadRecentInput && seen.shifts.length < LIMIT) seen.shifts.push([entry.startTime, entry.value]);
    }),
    watch('longtask', (entry) => {
      if (seen.tasks.length < LIMIT) seen.tasks.push([entry.startTime, entry.startTime + entry.duration]);
    }),
    watch('first-input', (entry) => {
      inputs.fid = entry.processingStart - entry.startTime;
      inputs.inp = Math.max(inputs.inp, entry.duration);
    }),
    watch('event', (entry) => {
      if (entry.interactionId) inputs.inp = Math.max(inputs.inp, entry.duration);
    }, { durationThreshold: 16 }),
  ];
  globalThis.pantrywatchSeen = () => {
    flush.forEach((take) => take());
    const navigation = performance.getEntriesByType('navigation')[0];
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    return {
      ...seen,
      now: performance.now(),
      fcp: paint ? paint.startTime : null,
      ttfb: navigation.responseStart,
      ready: navigation.domContentLoadedEventEnd,
      load: navigation.loadEventEnd,
    };
  };
  // As people read it: in shadow trees too, where lines, cells and unbreakable blanks are white space like any other.
  function* shadowRoots(root) {
    for (const { shadowRoot } of root.querySelectorAll('*')) {
      if (shadowRoot) {
        yield shadowRoot;
        yield* shadowRoots(shadowRoot);
      }
    }
  }
  const spaced = (text) => text.replace(/\s+/g, ' ');
  globalThis.pantrywatchShows = (text) => {
    const wanted = spaced(text);
    const has = (element) => spaced(element.innerText ?? '').includes(wanted);
    if (!document.body) return false;
    return has(document.body) || [...shadowRoots(document)].some((root) => [...root.children].some(has));
  };

  // There is none on an insecure page, and asking a page in a sandbox for it is an error.
  const registration = async () => {
    try {
      return await navigator.serviceWorker.getRegistration();
    } catch {
      return undefined;
    }
  };
  globalThis.pantrywatchServiceWorker = async () => Boolean(await registration());
  globalThis.pantrywatchServiceWorkerStarts = async () => {
    const found = await registration();
    // Right after its registration it has no worker at all.
    return Boolean(found && (found.installing || found.waiting || found.active?.state !== 'activated'));
  };

  // When step `number` had its effect, in Unix time: the frame after the page showed the text, or after it was loaded.
  const steps = new Map();
  const watchStep = (text) => {
    const step = { at: null };
    let changed = true;
    const observer = new MutationObserver(() => { changed = true; });
    observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    const done = () => (text ? globalThis.pantrywatchShows(text) : document.readyState === 'complete');
    const look = () => {
      if (!changed || !done()) {
        changed = false;
        requestAnimationFrame(look);
        return;
      }
      observer.disconnect();
      requestAnimationFrame(() => { step.at = performance.timeOrigin + performance.now(); });
    };
    look();
    step.again = () => { changed = true; }; // a style sheet may show a text without any change of the document
    return step;
  };
  globalThis.pantrywatchStep = (number, text) => {
    flush.forEach((take) => take());
    if (!steps.has(number)) steps.set(number, watchStep(text));
    steps.get(number).again();
    return { at: steps.get(number).at, ...inputs };
  };

  globalThis.pantrywatchSelect = (element) => {
    element.focus();
    if (element.select) element.select();
    else document.getSelection().selectAllChildren(element);
  };

  // Whether a node is drawn within an element: a component's button has what the page puts into its slot. A slot's bare
  // text is hit as the component itself.
  const holds = (element, hit) => {
    if (hit && hit === element.getRootNode().host) return Boolean(element.querySelector('slot'));
    let node = hit;
    while (node && node !== element) node = node.assignedSlot ?? node.parentNode ?? node.host;
    return node === element;
  };

  globalThis.pantrywatchFocus = (element) => element.focus();

  // Where to click an element, or why nobody could.
  globalThis.pantrywatchPoint = (element) => {
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const [box] = element.getClientRects();
    if (!box || !box.width || !box.height) return 'hidden';
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const hit = element.getRootNode().elementFromPoint(x, y);
    const label = hit && hit.closest('label');
    return holds(element, hit) || (label && label.control === element) ? [x, y] : 'covered';
  };
})();
