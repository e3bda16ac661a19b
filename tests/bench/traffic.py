"""Made-up events of every target over days: a daily rhythm, and latencies whose median wanders.

Requests come as a Poisson process whose rate follows the time of day: a fifth of the mean at night, nearly twice the
mean by day. Latencies are log-normal, and their median wanders as noise that remembers the last ten minutes
(an AR(1) process), so bad minutes come together. A target of shares (errors, failed checks) has a share of bad events
that wanders in the same way.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

from pantrywatch.config.targets import Target

_DAY_MINUTES = 1440
# Standard deviation of the logarithm of a latency.
_SPREAD = 0.6
_REMEMBERS_MINUTES = 10
_MANY = 30
_NORMAL = NormalDist()
# By minute: a rate, or the true percentile (or share of bad events) as a share of what is promised.
Level = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Minute:
    """Events of a minute."""

    total: int
    bad: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """By minute: events expected (see `daily`) and the level; `wander`: standard deviation of the level's logarithm."""

    rate: Level
    level: Level
    wander: float


def minutes(target: Target, traffic: Traffic, count: int, seed: str) -> Iterator[Minute]:
    """Yield `count` minutes of a target."""
    chance = random.Random(f"{seed} {target.id} {traffic.rate(0)}")
    keeps = math.exp(-1 / _REMEMBERS_MINUTES)
    wander = chance.gauss(0, 1)
    for minute in range(count):
        wander = keeps * wander + math.sqrt(1 - keeps**2) * chance.gauss(0, 1)
        share = _bad_share(target, traffic.level(minute), traffic.wander, wander)
        expected = traffic.rate(minute)
        bad = _poisson(chance, expected * share)
        yield Minute(bad + _poisson(chance, expected * (1 - share)), bad)


def daily(per_minute: float) -> Level:
    """Return a rate of so many a minute on average that follows the time of day."""
    return lambda minute: per_minute * (1 - 0.8 * math.cos(2 * math.pi * minute / _DAY_MINUTES))


def _bad_share(target: Target, level: float, wander: float, now: float) -> float:
    """Return a minute's share of bad events; a latency's percentile is `level` times its threshold in the long run."""
    assert target.objective is not None
    allowed = 1 - target.objective
    if target.kind != "latency":
        return min(1, level * allowed * math.exp(wander * now - wander**2 / 2))
    all_spread = math.hypot(_SPREAD, wander)
    median = math.log(level) - _NORMAL.inv_cdf(target.objective) * all_spread
    return 1 - _NORMAL.cdf(-(median + wander * now) / _SPREAD)


def _poisson(chance: random.Random, mean: float) -> int:
    if mean > _MANY:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, found = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        found += 1
    return found
