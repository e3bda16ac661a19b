// Runs before the page's own scripts, in an isolated world that they cannot see, and collects what the browser records.
// Times are milliseconds since navigation start.
(() => {
  const seen = { lcp: null, shifts: [], tasks: [] };
  const LIMIT = 5000;
  const watch = (type, note) => {
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(note));
    observer.observe({ type, buffered: true });
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
  globalThis.pantrywatchShows = (text) => Boolean(document.body) && document.body.innerText.includes(text);
})();
