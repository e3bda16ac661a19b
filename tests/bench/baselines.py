"""`./run bench baselines`: how often the bands of baselines are wrong, on made-up weeks; nothing is asserted.

Two histories of 56 days (demo/history/golden.py: growth of 5% a week, a holiday) in steps of five minutes, each hour
from the sixth week on judged by the hours before it alone, with the function of `pantrywatch baseline test` that
tests/rules/test_baselines.py proves to be the rules. Columns: hours with a band, the share of ordinary ones outside it,
hours that were made 40% higher or lower (`--size`), those of them with a band, and the share of these that was found.
Then why hours had none, the same of the bands of promql-anomaly-detection (short_bands.py), and what the rules take in
a Prometheus with 36 days of history (baseline_cost.py; not with `--no-cost`).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from demo.history.golden import History, Signal, history
from demo.history.injection import Wanted, inject, is_ordinary
from pantrywatch.analysis.baseline.bands import HISTORY_HOURS, Hours
from pantrywatch.analysis.baseline.judge import outside
from tests.bench.baseline_cost import print_cost
from tests.bench.short_bands import STEP_SECONDS, STEPS_AN_HOUR, adaptive, by_hour, robust, without_sparse

_SEEDS = (577, 1618)
_DAYS = 56
_HOUR_SECONDS = 3600
# A midnight, of a Monday.
_END = 1793577600
# Method → signal and its past → for each hour whether it is outside, None without a band.
_Judge = Callable[[Signal, History], Sequence[bool | None]]


@dataclass(slots=True)
class _Found:
    """Counts by method and signal, and why the changed hours of the first method had no band."""

    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    why: Counter[str] = field(default_factory=Counter)

    def total(self, method: str) -> Counter[str]:
        """Return the sum over all signals."""
        return sum((counts for key, counts in self.counts.items() if key[0] == method), Counter())


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="./run bench baselines", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=_SEEDS, help="default 577 1618")
    parser.add_argument("--size", type=float, default=0.4, help="how much higher or lower, default 0.4")
    parser.add_argument("--no-cost", action="store_true", help="without the time that the rules take")
    options = parser.parse_args()
    found = _Found()
    for seed in options.seeds:
        _judge(history(seed, _END, days=_DAYS, step_seconds=STEP_SECONDS), seed, options.size, found)
    print("signal                  judged   false  injected  judged   found")
    for (method, name), counts in found.counts.items():
        if method == "pantrywatch":
            print(_row(name, counts))
    print(_row("all", found.total("pantrywatch")))
    print("\ninjected hours without a band, by reason")
    for reason, number in found.why.most_common():
        print(f"{reason:<40} {number:>4}")
    print("\nmethod                  judged   false  injected  judged   found")
    for method in _METHODS:
        print(_row(method, found.total(method)))
    if not options.no_cost:
        print_cost()


def _judge(usual: History, seed: int, size: float, found: _Found) -> None:
    """Count ordinary hours outside the band, and unusual ones within it."""
    after = usual.times[HISTORY_HOURS * STEPS_AN_HOUR]
    changed, unusual = inject(usual, seed + 1, Wanted(after=after, size=size))
    starts = [end - _HOUR_SECONDS for end in usual.times[STEPS_AN_HOUR - 1 :: STEPS_AN_HOUR]]
    ordinary = {start for start in starts if start >= after and is_ordinary(usual, start)}
    where = {(one.signal, one.start) for one in unusual}
    for name, signal in usual.signals.items():
        for method, judge in _METHODS.items():
            counts = found.counts.setdefault((method, name), Counter())
            for start, quiet in zip(starts, judge(signal, usual), strict=True):
                if quiet is not None and start in ordinary:
                    counts.update(judged=1, false=quiet)
            for start, loud in zip(starts, judge(changed.signals[name], usual), strict=True):
                if (name, start) in where:
                    counts.update(injected=1, seen=loud is not None, found=bool(loud))
        reasons = _hours(changed.signals[name], usual).reasons()
        found.why.update(
            why for start, why in zip(starts, reasons, strict=True) if (name, start) in where and why is not None
        )


def _hours(signal: Signal, past: History) -> Hours:
    """Return the signal by whole hours."""
    begins = range(0, len(signal.values), STEPS_AN_HOUR)
    values = [_value(signal, slice(begin, begin + STEPS_AN_HOUR)) for begin in begins]
    events = [sum(signal.events[begin : begin + STEPS_AN_HOUR]) for begin in begins]
    if signal.kind == "share":
        events = [number * (value or 0.0) for number, value in zip(events, values, strict=True)]
    has_events = signal.kind != "gauge" or signal.name.endswith("p95_seconds")
    holiday = [
        datetime.fromtimestamp(past.times[begin] - STEP_SECONDS, UTC).date() in past.holidays for begin in begins
    ]
    return Hours(values, events if has_events else None, holiday)


def _value(signal: Signal, steps: slice) -> float | None:
    known = [(value, events) for value, events in zip(signal.values[steps], signal.events[steps], strict=True)]
    if signal.kind == "count":
        return sum(value or 0.0 for value, _ in known)
    if signal.kind == "share":
        total = sum(events for _, events in known)
        return sum((value or 0.0) * events for value, events in known) / total if total else None
    values = [value for value, _ in known if value is not None]
    return sum(values) / len(values) if values else None


def _own(signal: Signal, past: History) -> Sequence[bool | None]:
    return outside(_hours(signal, past))


def _short(judge: Callable[[Sequence[float | None]], list[bool | None]]) -> _Judge:
    def judged(signal: Signal, _past: History) -> Sequence[bool | None]:
        return by_hour(judge(without_sparse(signal.values) if signal.kind == "count" else signal.values))

    return judged


_METHODS: dict[str, _Judge] = {
    "pantrywatch": _own,
    "promql-a.d. adaptive": _short(adaptive),
    "promql-a.d. robust": _short(robust),
}


def _row(name: str, counts: Counter[str]) -> str:
    false = f"{counts['false'] / counts['judged']:.2%}" if counts["judged"] else "-"
    found = f"{counts['found'] / counts['seen']:.0%}" if counts["seen"] else "-"
    return f"{name:<22} {counts['judged']:>7} {false:>7} {counts['injected']:>9} {counts['seen']:>7} {found:>7}"


if __name__ == "__main__":
    main()
