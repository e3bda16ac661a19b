"""`./run bench forecasts`: how often forecasts of what will be full are right, on made-up series; nothing is asserted.

Each of `--seeds` makes `--count` resources of 35 days (demo/history/resources.py), forecast by the function that
tests/rules/test_forecasts.py proves to be the rules. Columns: resources, those with a forecast, the share of these
whose true time lies within the interval of 80%, those that are full before and after it, alerts (full within 14 days at
the earliest), resources that are full within 14 days, and those of them without an alert.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from demo.history.resources import Clock, Resource, resources
from tests.bench.forecast_model import DAY_SECONDS, Forecast, daily, forecast

_AHEAD_DAYS = 14
_SEED = 2718
# A midnight, of a Monday.
_END = 1793577600
# Days of demo/history/resources.py whose truth is known; "not within them" is right for a later end of the interval.
_KNOWN_DAYS = 400


@dataclass(frozen=True, slots=True)
class Judged:
    """A forecast and the truth: in how many days the level reaches the limit, None if not in 400."""

    kind: str
    forecast: Forecast
    truth_days: float | None

    @property
    def is_early(self) -> bool:
        """Whether it is full before the interval."""
        earliest = self.forecast.earliest_days
        return earliest is not None and self.truth_days is not None and self.truth_days < earliest

    @property
    def is_late(self) -> bool:
        """Whether it is full after the interval, or not at all."""
        latest = self.forecast.latest_days
        return latest is not None and latest < (_KNOWN_DAYS if self.truth_days is None else self.truth_days)

    @property
    def alerts(self) -> bool:
        """Whether the alert fires."""
        return self.forecast.earliest_days is not None and self.forecast.earliest_days < _AHEAD_DAYS

    @property
    def is_due(self) -> bool:
        """Whether the alert should fire."""
        return self.truth_days is not None and self.truth_days < _AHEAD_DAYS


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="./run bench forecasts", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[_SEED], help=f"default {_SEED}")
    parser.add_argument("--count", type=int, default=200, help="resources a seed, default 200")
    options = parser.parse_args()
    clock = Clock(end=_END, ahead_days=1)
    found = [judged(one, clock) for seed in options.seeds for one in resources(seed, clock, options.count)]
    print(f"seeds {' '.join(map(str, options.seeds))}, {options.count} resources each")
    print("kind              all  forecast  within  before  after  alerts  due  missed")
    kinds = list(dict.fromkeys(one.kind for one in found))
    for name, of in _groups(kinds):
        print(_row(name, [one for one in found if one.kind in of]))


def judged(resource: Resource, clock: Clock) -> Judged:
    """Return the forecast of a resource at the end of its past, and the truth."""
    typical, highest = daily(resource.times, [value / resource.limit for value in resource.values])
    truth = None if resource.reached is None else (resource.reached - clock.end) / DAY_SECONDS
    return Judged(resource.kind, forecast(typical, highest), truth)


def _groups(kinds: list[str]) -> Iterator[tuple[str, list[str]]]:
    for kind in kinds:
        yield kind, [kind]
    yield "what grows", [kind for kind in kinds if kind.startswith("line")]
    yield "what does not", [kind for kind in kinds if not kind.startswith("line")]


def _row(name: str, all_of: list[Judged]) -> str:
    told = [one for one in all_of if one.forecast.earliest_days is not None]
    before, after = sum(one.is_early for one in told), sum(one.is_late for one in told)
    within = f"{1 - (before + after) / len(told):.0%}" if told else "-"
    due = [one for one in all_of if one.is_due]
    counts = f"{before:>7} {after:>6} {sum(one.alerts for one in all_of):>7} {len(due):>4}"
    return f"{name:<15} {len(all_of):>5} {len(told):>9} {within:>7} {counts} {sum(not one.alerts for one in due):>7}"


if __name__ == "__main__":
    main()
