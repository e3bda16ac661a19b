"""`./run bench gate`: how often the verdict on a deployment is wrong, and finds what is worse; nothing is asserted.

Made-up applications (tests/bench/gate_world.py) with every promise of targets.yaml that has events. First deployments
that change nothing, at any hour of the week: the share of them that any promise calls worse, with its interval of 95%,
after 15 minutes, with a week of history and without. Then those of working hours that change one promise of 300
events a minute: how often 15 minutes find that, call it too little data or the same, and the median of the minutes
that are named as enough. `--bound`: how many of these the best possible test finds (tests/bench/gate_bound.py).
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from statistics import median_low

from demo.history.activity import DAY, WEEK, share_of_peak
from pantrywatch.analysis.gate.beta import beta_quantile
from pantrywatch.analysis.gate.change import BLOCK_SECONDS, Spans
from pantrywatch.analysis.gate.deployment import Judged, Promise, SharesOf, chances, judge, judge_one
from pantrywatch.analysis.gate.shares import Counts
from pantrywatch.config.targets import read_targets
from tests.bench.gate_bound import Bound
from tests.bench.gate_world import Durations, Errors, Moment, World

_SEED = 1618
# A midnight, of a Monday.
_START = 1793577600
_TARGETS = Path(__file__).parents[2] / "targets.yaml"
_PER_MINUTE = 300.0
_CASE = "api-error-rate"
_API = "http_server_request_duration_seconds"
# At the peak: events a minute, 95th percentile and sigma of durations; events a minute and share of errors.
_DURATIONS = {
    "api-latency": (480, 0.28, 0.8),
    "db-query-latency": (1560, 0.035, 1.2),
    "lcp": (90, 3.2, 0.5),
    "fid": (60, 0.09, 0.9),
    "cls": (90, 0.12, 1.0),
    "fcp": (90, 2.4, 0.5),
    "ttfb": (90, 0.25, 0.6),
    "tti": (0.2, 3, 0.3),
    "page-load-3g": (0.2, 2.7, 0.3),
    "interactive-after-navigation": (120, 1.2, 0.7),
    "search-response": (15, 0.4, 0.6),
    "form-submission": (8, 0.8, 0.6),
}
_ERRORS = {
    "api-error-rate": (480, 0.0004),
    "db-error-rate": (1560, 0.0002),
    "frontend-error-rate": (300, 0.0006),
    "cache-hit-ratio": (720, 0.06),
    "integration-error-rate": (12, 0.003),
    "system-availability": (1, 0.0003),
    "db-availability": (2, 0.0002),
    "api-availability": (4, 0.0003),
    "frontend-availability": (2, 0.0002),
}


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="./run bench gate", description=__doc__)
    parser.add_argument("--seed", type=int, default=_SEED, help="default %(default)s")
    parser.add_argument("--count", type=int, default=200, help="deployments of each kind, default %(default)s")
    parser.add_argument("--wander", type=float, default=0.15, help="of shares of errors, default %(default)s")
    parser.add_argument("--bound", action="store_true", help="only how many doubled errors any test could find")
    options = parser.parse_args()
    if options.bound:
        _print_bound(options.seed, options.count, options.wander)
        return
    print("nothing changed             deployments   false      share   interval of 95%   by")
    _print_false(options.seed, options.count, options.wander)
    print("\none promise changed              found   too little   same   minutes")
    _print_found(options.seed, options.count, options.wander)


def _print_bound(seed: int, count: int, wander: float) -> None:
    """Print what the best test finds at the chances that the gate gives a promise: alone, as one of these, of 5 %."""
    shares = [SharesOf(name, Spans([Counts(1.0, 0.0)], [Counts(1.0, 0.0)]), None) for name in _ERRORS if name != _CASE]
    print(f"errors before   expected in 15 minutes   wrong by   best test finds, shares wandering by {wander:g}")
    for share in (0.001, 0.005, 0.02):
        errors = _PER_MINUTE * BLOCK_SECONDS / 60 * share
        decisive = SharesOf(_CASE, Spans([Counts(1 / share, 1.0)], [Counts(3 * errors / share, 3 * errors)]), None)
        levels = [chances([decisive, *shares])[0], 0.05]
        for level, found in zip(levels, Bound(errors, wander).found(count, levels, seed), strict=True):
            print(f"{share:>13.1%}   {3 * errors:>22.1f}   {level:>8.2%}   {found:>15.1%}")


def _promises() -> Iterator[Durations | Errors]:
    targets = read_targets(_TARGETS)
    for name, (per_minute, p95, sigma) in _DURATIONS.items():
        histogram = targets.by_id(name).sli.histogram or ""
        yield Durations(name, per_minute, targets.histograms[histogram.partition("{")[0]], p95, sigma)
    yield from (Errors(name, *numbers) for name, numbers in _ERRORS.items())


def _seen(world: World, promises: Sequence[Durations | Errors]) -> list[Promise]:
    return [world.durations(one) if isinstance(one, Durations) else world.errors(one) for one in promises]


def _print_false(seed: int, count: int, wander: float) -> None:
    moments = random.Random(seed)
    found: dict[str, list[list[str]]] = {"with the week before": [], "without": []}
    promises = list(_promises())
    for number in range(count):
        seen = _seen(
            World(Moment(seed * 10_000 + number, _START + moments.random() * WEEK, share_spread=wander)), promises
        )
        found["with the week before"].append(_worse(judge(seen)))
        found["without"].append(_worse(judge([replace(one, week_ago=None) for one in seen])))
    for name, worse in found.items():
        false = sum(map(bool, worse))
        low, high = (beta_quantile(chance, false + 0.5, count - false + 0.5) for chance in (0.025, 0.975))
        by = ", ".join(f"{id_} {times}" for id_, times in sorted(Counter(chain.from_iterable(worse)).items()))
        print(f"{name:<27} {count:>11} {false:>7} {false / count:>10.1%} {low:>9.1%} - {high:.1%}   {by}")


def _worse(judged: Sequence[Judged]) -> list[str]:
    return [one.id for one in judged if one.verdict == "worse"]


def _print_found(seed: int, count: int, wander: float) -> None:
    edges = read_targets(_TARGETS).histograms[_API]
    cases: dict[str, Durations | Errors] = {
        f"1.3 x, p95 {p95:g} s, sigma {sigma:g}": Durations("api-latency", 0, edges, p95, sigma, 1.3)
        for p95 in (0.15, 0.3, 0.475)
        for sigma in (0.5, 1.0)
    }
    cases |= {f"2 x {share:.1%} errors": Errors(_CASE, 0, share, 2.0) for share in (0.001, 0.005, 0.02)}
    judged: dict[str, list[Judged]] = {name: [] for name in cases}
    moments, others = random.Random(seed + 1), list(_promises())
    for number in range(count):
        at = _START + moments.randrange(5) * DAY + (9 + 8 * moments.random()) * 3600
        world = World(Moment(seed * 20_000 + number, at, share_spread=wander))
        seen = {one.id: one for one in _seen(world, others)}
        for name, case in cases.items():
            changed = _seen(world, [replace(case, per_minute=_PER_MINUTE / share_of_peak(at + 450))])[0]
            promises = [*(seen | {changed.id: changed}).values()]
            judged[name].append(judge_one(changed, chances(promises)[promises.index(changed)]))
    for name, results in judged.items():
        print(_row(name, results))


def _row(name: str, results: Sequence[Judged]) -> str:
    counts = Counter(one.verdict for one in results)
    minutes = median_low(min((f.minutes or 10_000) for f in one.findings) for one in results)
    shares = [counts[verdict] / len(results) for verdict in ("worse", "too little data", "same")]
    return f"{name:<31} {shares[0]:>6.1%} {shares[1]:>12.1%} {shares[2]:>6.1%} {minutes:>9}"


if __name__ == "__main__":
    main()
