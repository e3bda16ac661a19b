"""`./run bench baselines`: how often the bands of baselines are wrong, on made-up weeks; nothing is asserted.

Two histories of 56 days (demo/history/golden.py: growth of 5% a week, a holiday), each hour from the sixth week on
judged by the hours before it alone, with the function that tests/rules/test_baselines.py proves to be the rules.
Columns: hours with a band, the share of ordinary ones outside it, hours that were made 40% higher or lower, those of
them with a band, and the share of these that was found.
"""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import UTC, datetime

from demo.history.golden import History, Signal, history
from demo.history.injection import Wanted, inject, is_ordinary
from pantrywatch.baseline.bands import HISTORY_HOURS
from pantrywatch.baseline.hours import Signal as Hourly
from pantrywatch.baseline.judge import outside

_SEEDS = (577, 1618)
_DAYS = 56
_HOUR_SECONDS = 3600
# A midnight, of a Monday.
_END = 1793577600


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="./run bench baselines", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=_SEEDS, help="default 577 1618")
    found: dict[str, Counter[str]] = {}
    for seed in parser.parse_args().seeds:
        _judge(history(seed, _END, days=_DAYS), seed, found)
    print("signal                  judged   false  injected  judged   found")
    for name, counts in found.items():
        print(_row(name, counts))
    print(_row("all", sum(found.values(), Counter())))


def _judge(usual: History, seed: int, found: dict[str, Counter[str]]) -> None:
    """Count ordinary hours outside the band, and unusual ones within it."""
    changed, unusual = inject(usual, seed + 1, Wanted(after=usual.times[HISTORY_HOURS]))
    where = {(one.signal, one.start) for one in unusual}
    for name, signal in usual.signals.items():
        counts = found.setdefault(name, Counter())
        outside, also = _outside(usual, signal), _outside(changed, changed.signals[name])
        for end, quiet, loud in zip(usual.times, outside, also, strict=True):
            start = end - _HOUR_SECONDS
            if quiet is not None and is_ordinary(usual, start):
                counts.update(judged=1, false=quiet)
            if (name, start) in where:
                counts.update(injected=1, seen=loud is not None, found=bool(loud))


def _outside(past: History, signal: Signal) -> list[bool | None]:
    """Return for each hour whether it is outside its band, None where there is none."""
    holiday = [datetime.fromtimestamp(end - _HOUR_SECONDS, UTC).date() in past.holidays for end in past.times]
    return outside(Hourly(signal.name, signal.values, _events(signal)), holiday)


def _events(signal: Signal) -> list[float] | None:
    if signal.kind == "gauge" and not signal.name.endswith("p95_seconds"):
        return None
    if signal.kind == "share":
        return [events * (value or 0.0) for events, value in zip(signal.events, signal.values, strict=True)]
    return signal.events


def _row(name: str, counts: Counter[str]) -> str:
    false = f"{counts['false'] / counts['judged']:.2%}" if counts["judged"] else "-"
    found = f"{counts['found'] / counts['seen']:.0%}" if counts["seen"] else "-"
    return f"{name:<22} {counts['judged']:>7} {false:>7} {counts['injected']:>9} {counts['seen']:>7} {found:>7}"


if __name__ == "__main__":
    main()
