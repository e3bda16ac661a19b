"""`./run bench alerts`: how often the alerts of the targets are wrong on quiet weeks, and how soon they are right.

Quiet weeks: for each seed and rate a week of all targets whose true percentile (or share of bad events) is at 60 % and
at 90 % of what is promised, as tests/bench/traffic.py makes it up; printed are the alerts of severity medium and above.
Power: the true percentile of the latency targets jumps to 150 % of the promise; printed are the minutes until
CrmTargetMissedNow fires: median and longest over targets and seeds, and how many were not found in two hours. With all
defaults it takes an hour.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from pantrywatch.config.targets import Target, read_targets
from pantrywatch.native.state_dir import ROOT
from tests.bench.replay import STEP_SECONDS, Fired, fired
from tests.bench.traffic import Traffic, daily, minutes

_HOUR = 60
_DAY = 24 * _HOUR
_BEFORE, _AFTER = 3 * _HOUR, 2 * _HOUR
_POWER_RATES = (0.2, 1.0, 5.0, 10.0, 30.0, 300.0)
NEVER = float("inf")


def main() -> None:
    """Run the benchmark and print its two tables."""
    parser = argparse.ArgumentParser(prog="./run bench alerts", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--rates", type=float, nargs="*", default=[0.2, 5.0, 300.0])
    parser.add_argument("--levels", type=float, nargs="*", default=[0.6, 0.9])
    parser.add_argument("--wander", type=float, default=0.03, help="of the level over ten minutes, as its logarithm")
    given = parser.parse_args()
    _print_power(given.seeds, given.wander)
    print(f"{'true percentile':>15} {'a minute':>8} {'weeks':>6} {'alerts':>6} {'a week':>6}  which", flush=True)
    for level in given.levels:
        for rate in given.rates:
            found = [
                one
                for seed in range(given.seeds)
                for one in quiet(Traffic(daily(rate), lambda _minute: level, given.wander), given.days, str(seed))  # noqa: B023
            ]
            weeks = given.seeds * given.days / 7
            which = Counter(f"{one.alert} {one.target} {one.severity}" for one in found)
            shown = ", ".join(f"{count} {name}" for name, count in which.most_common(5))
            count = f"{len(found):>6} {len(found) / weeks:>6.2f}"
            print(f"{level:>15.0%} {rate:>8g} {weeks:>6.1f} {count}  {shown}", flush=True)


def _print_power(seeds: int, wander: float) -> None:
    print(f"{'150 % at':>8} {'median min':>10} {'longest min':>11} {'not found':>9}", flush=True)
    for rate in _POWER_RATES:
        found = [one for seed in range(seeds) for one in minutes_to_tell(1.5, rate, wander, str(seed)).values()]
        middle, longest = _shown(statistics.median(found)), _shown(max(found))
        print(f"{rate:>8g} {middle:>10} {longest:>11} {found.count(NEVER):>5}/{len(found)}", flush=True)


def _shown(value: float) -> str:
    return "none" if value == NEVER else f"{value:.0f}"


def quiet(traffic: Traffic, days: int, seed: str) -> list[Fired]:
    """Return the alerts of days of such traffic, over all targets."""
    targets = [target for target in read_targets(ROOT / "targets.yaml").targets if target.kind != "capacity"]
    return _replayed(targets, traffic, days * _DAY, seed)


def minutes_to_tell(level: float, rate: float, wander: float, seed: str) -> dict[str, float]:
    """Return target → minutes from a jump from 60 % to this level, at an even rate, until CrmTargetMissedNow fires."""
    targets = [target for target in read_targets(ROOT / "targets.yaml").targets if target.kind == "latency"]
    start = _start(_BEFORE + _AFTER)
    jump = Traffic(lambda _minute: rate, lambda minute: level if minute >= _BEFORE else 0.6, wander)
    found = _replayed(targets, jump, _BEFORE + _AFTER, seed, "CrmTargetMissedNow")
    told = {one.target: (one.at - start) / STEP_SECONDS - _BEFORE for one in reversed(found)}
    return {target.id: told.get(target.id, NEVER) for target in targets}


def _start(count: int) -> int:
    return int(time.time()) // 86400 * 86400 - 86400 - count * STEP_SECONDS


def _replayed(targets: list[Target], traffic: Traffic, count: int, seed: str, names: str = ".+") -> list[Fired]:
    events = ((target, minutes(target, traffic, count, seed)) for target in targets)
    with tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as folder:
        return fired(Path(folder), events, _start(count), count, names)


if __name__ == "__main__":
    main()
