"""`./run bench scaling`: an autoscaler that knows the coming quarter of an hour, against one that does not.

Two histories of 56 days (demo/history/golden.py: growth of 5% a week, a holiday, incidents), judged minute by minute
from the sixth week on, each with servers of which 4, 10 and 30 hold the first week's busiest hour. Both are the same
autoscaler (scaling_model.py: tolerance 10%, scales down after 5 minutes, servers take `--start-minutes`); the reactive
one reads `crm:api_servers_needed`, the other `crm:api_servers_needed:ahead15m`. Reactive at 95% and at 90% keeps so
much in reserve. Columns: minutes with more load than the servers that run hold, server hours, both as a share of the
reactive one. `held`: the share of quarter hours whose busiest five minutes are below the forecast. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from dataclasses import dataclass

from demo.history.golden import history
from tests.bench.scaling_model import AHEAD_MINUTES, HISTORY_MINUTES, Autoscaler, Traffic

_SEEDS = (577, 1618)
_DAYS = 56
_SERVERS = (4, 10, 30)
# Requests a minute in the busiest hour of the first week.
_PEAK = 480
_REACTIVE, _AHEAD = "now (reactive)", "15 minutes ahead"
# A midnight, of a Monday.
_END = 1793577600
_MOST_BROKEN, _MOST_HOURS = 0.5, 1.1


@dataclass(frozen=True, slots=True)
class Run:
    """What an autoscaler did: minutes with more load than its servers hold, and hours of servers that were paid for."""

    broken: int
    hours: float

    def reaches_goal(self, reactive: Run) -> bool:
        """Whether it broke at most half of the reactive one's minutes at 110% of its hours."""
        return self.broken <= _MOST_BROKEN * reactive.broken and self.hours <= _MOST_HOURS * reactive.hours


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="./run bench scaling", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=_SEEDS, help="default 577 1618")
    parser.add_argument("--start-minutes", type=int, default=3, help="until a new server holds load, default 3")
    options = parser.parse_args()
    print(" seed servers  scaled on          broken   hours   of reactive's broken, hours")
    for seed in options.seeds:
        loads = [value or 0.0 for value in history(seed, _END, days=_DAYS, step_seconds=60).signals["requests"].values]
        course = _Course(loads)
        for servers in _SERVERS:
            runs = _runs(course, _PEAK / servers, options.start_minutes)
            for name, one in runs.items():
                print(f"{seed:>5} {servers:>7}  {_row(name, one, runs[_REACTIVE])}")
            said = "reached" if runs[_AHEAD].reaches_goal(runs[_REACTIVE]) else "NOT reached"
            print(f"               goal {said}: at most {_MOST_BROKEN:.0%} broken at {_MOST_HOURS:.0%} of the hours")
        print(f"{seed:>5}          held {course.held():.0%}")


class _Course:
    """The minutes that are judged: the load of each, and what was known before it."""

    def __init__(self, loads: list[float]) -> None:
        minutes = range(HISTORY_MINUTES, len(loads) - 1)
        traffic = Traffic(loads)
        self.loads = [loads[minute + 1] for minute in minutes]
        self.now = [traffic.now(minute) for minute in minutes]
        self.ahead = [traffic.ahead(minute) or 0.0 for minute in minutes]

    def held(self) -> float:
        """Return the share of quarter hours whose busiest five minutes are within the forecast."""
        starts = range(0, len(self.now) - AHEAD_MINUTES, AHEAD_MINUTES)
        return sum(max(self.now[at + 1 : at + 1 + AHEAD_MINUTES]) <= self.ahead[at] for at in starts) / len(starts)


def _runs(course: _Course, per_server: float, start_minutes: int) -> dict[str, Run]:
    """Return what each autoscaler did."""

    def run(loads: Iterable[float]) -> Run:
        needed = [math.ceil(load / per_server) for load in loads]
        scaler = Autoscaler(max(1, needed[0]), start_minutes)
        running = scaler.run(needed)
        broken = sum(load > count * per_server for load, count in zip(course.loads, running, strict=True))
        return Run(broken, scaler.paid_minutes / 60)

    return {
        _REACTIVE: run(course.now),
        "now at 95%": run(load / 0.95 for load in course.now),
        "now at 90%": run(load / 0.9 for load in course.now),
        _AHEAD: run(map(max, course.now, course.ahead)),
    }


def _row(name: str, one: Run, reactive: Run) -> str:
    shares = f"{one.broken / max(1, reactive.broken):>8.0%} {one.hours / reactive.hours:>6.0%}"
    return f"{name:<17} {one.broken:>7} {one.hours:>7.0f} {shares}"


if __name__ == "__main__":
    main()
