// What Grafana knows by itself in a query: the range shown, the step of the graph, the window of a rate.
import { durationText, rateIntervalMs } from './time.js';

export function builtins(range, step) {
  const seconds = Math.round((range.to - range.from) / 1000);
  return {
    __interval: durationText(step),
    __interval_ms: step,
    __rate_interval: durationText(rateIntervalMs(step)),
    __rate_interval_ms: rateIntervalMs(step),
    __range: `${seconds}s`,
    __range_s: seconds,
    __range_ms: seconds * 1000,
    __from: range.from,
    __to: range.to,
  };
}
