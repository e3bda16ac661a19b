"""The events of each documented target over weeks, by minute, at the rates of the live demo."""

from __future__ import annotations

import math
import operator
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from demo.history.activity import DAY, WEEK, day_and_hour_noise, holiday
from demo.history.events import Deployment, deployments
from demo.history.noise import Noise, Wander
from demo.traffic.rhythm import share_of_peak

MINUTE = 60
_GROWTH_PER_WEEK = 0.05
# On weekends and the holiday, of the same hour of a working day. The live demo knows only working days.
_FREE_DAY_SHARE = 0.4
_MEMORY = 3 * 3600
_WANDERS = 0.25


@dataclass(frozen=True, slots=True)
class Promise:
    """The events of a target: `per_minute` at the busiest hour, or always for checks; `bad` is the usual share.

    `in_incident` is the share in an incident of that kind; `of` names the target that has the same events; `level` the
    level of `events.Deployment` that a release changes it by.
    """

    per_minute: float
    bad: float
    in_incident: Mapping[str, float]
    checks: bool = False
    of: str = ""
    level: str = ""


_SLOW = {"slow database": 0.4}
_DOWN = {"outage": 0.95}
# As the live demo counts them with DEMO_RATE=8, and far enough from what is promised that no budget is used up.
PROMISES = {
    "lcp": Promise(58, 0.08, {}),
    "fid": Promise(58, 0.03, {}, of="lcp"),
    "cls": Promise(58, 0.06, {}, of="lcp"),
    "fcp": Promise(58, 0.07, {}, of="lcp"),
    "ttfb": Promise(58, 0.09, {"slow database": 0.6}, of="lcp"),
    "tti": Promise(2, 0.03, {}, checks=True),
    "page-load-3g": Promise(1, 0.01, {}, checks=True),
    "interactive-after-navigation": Promise(380, 0.04, _SLOW, level="api_p95_seconds"),
    "search-response": Promise(35, 0.01, _SLOW),
    "form-submission": Promise(4, 0.01, _SLOW),
    "frontend-error-rate": Promise(1470, 0.0003, {"bad release": 0.03}),
    "frontend-availability": Promise(4, 0.00002, _DOWN, checks=True),
    "api-error-rate": Promise(480, 0.0003, {"bad release": 0.05, "outage": 0.6}),
    "api-latency": Promise(480, 0.01, _SLOW, of="api-error-rate", level="api_p95_seconds"),
    "api-availability": Promise(4, 0.00002, _DOWN, checks=True),
    "db-query-latency": Promise(770, 0.006, _SLOW, level="database_p95_seconds"),
    "db-error-rate": Promise(900, 0.0001, {"bad release": 0.01}),
    "db-availability": Promise(4, 0.00002, {}, checks=True),
    "cache-hit-ratio": Promise(1900, 0.05, {"cold cache": 0.5}, level="cache_miss_share"),
    "system-availability": Promise(1, 0.0, _DOWN, checks=True),
    "integration-error-rate": Promise(115, 0.0005, {}),
}
# Kind → minutes of each in the time; an availability of 99.95 % allows 21 minutes in 30 days.
_INCIDENTS = (
    ("slow database", 40), ("slow database", 20), ("bad release", 12), ("outage", 7), ("cold cache", 30),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident of the demo, in unix seconds."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Events since the start: `total[m]` and `bad[m]` are those until minute `m`, which ends at `start + 60 m`."""

    total: array[int]
    bad: array[int]


@dataclass(frozen=True, slots=True)
class Past:
    """All targets, from `start` (unix seconds, a multiple of 300) for `minutes` minutes."""

    start: int
    minutes: int
    counts: Mapping[str, Counts]
    troubles: tuple[Trouble, ...]
    deployments: tuple[Deployment, ...]

    @property
    def end(self) -> int:
        """The end of the last minute, in unix seconds."""
        return self.start + self.minutes * MINUTE


def past(seed: int, start: int, minutes: int, calm_after: int) -> Past:
    """The events of every target; growth is such that its rate at the end is that of the live demo.

    `calm_after`: nothing goes wrong from then on (unix seconds), so that no alert has a reason at the end.
    """
    troubles, releases = _troubles(seed, start, calm_after), deployments(seed, start, calm_after)
    busy = _busy(seed, start, minutes)
    counts: dict[str, Counts] = {}
    for name in sorted(PROMISES, key=lambda name: PROMISES[name].of != ""):  # those that others refer to come first
        promise = PROMISES[name]
        total = counts[promise.of].total if promise.of else _total(Noise(seed, name), promise, busy)
        usual = _in_trouble(promise, troubles, start)
        counts[name] = Counts(total, _bad(seed, name, total, _released(promise, releases, start, usual)))
    return Past(start, minutes, {name: counts[name] for name in PROMISES}, troubles, releases)


def _troubles(seed: int, start: int, calm_after: int) -> tuple[Trouble, ...]:
    """Each on a day of its own, in working hours."""
    noise = Noise(seed, "troubles")
    first, last = -(-start // DAY) + 1, calm_after // DAY - 2
    free = list(range(first, max(last, first)))
    found = []
    for kind, minutes in _INCIDENTS[: len(free)]:
        begins = free.pop(noise.below(len(free))) * DAY + int(noise.between(8, 17) * 60) * MINUTE
        found.append(Trouble(kind, begins, begins + minutes * MINUTE))
    return tuple(sorted(found, key=lambda trouble: trouble.start))


def _busy(seed: int, start: int, minutes: int) -> list[float]:
    """The share of the live demo's highest rate in each minute."""
    end = start + minutes * MINUTE
    free_day = holiday(seed, start, end)
    differs = day_and_hour_noise(seed, MINUTE)
    values = []
    for minute in range(minutes):
        moment = datetime.fromtimestamp(start + minute * MINUTE).astimezone()
        share = share_of_peak(moment)
        if moment.weekday() >= 5 or moment.date() == free_day:
            share *= _FREE_DAY_SHARE
        grown = (1 + _GROWTH_PER_WEEK) ** ((minute - minutes) * MINUTE / WEEK)
        values.append(share * grown * differs())
    return values


def _total(noise: Noise, promise: Promise, busy: list[float]) -> array[int]:
    if promise.checks:
        return array("q", range(0, (len(busy) + 1) * int(promise.per_minute), int(promise.per_minute)))
    sums = array("q", [0])
    for share in busy:
        sums.append(sums[-1] + noise.poisson(promise.per_minute * share))
    return sums


def _in_trouble(promise: Promise, troubles: tuple[Trouble, ...], start: int) -> Callable[[int], float]:
    """The share of bad events in a minute, without its noise: mostly the usual one."""
    shares = {
        minute: promise.in_incident[trouble.kind]
        for trouble in troubles
        if trouble.kind in promise.in_incident
        for minute in range((trouble.start - start) // MINUTE + 1, (trouble.end - start) // MINUTE + 1)
    }
    return lambda minute: shares.get(minute, promise.bad)


def _released(
    promise: Promise, releases: tuple[Deployment, ...], start: int, share: Callable[[int], float]
) -> Callable[[int], float]:
    """The share with what all releases until a minute have changed."""
    times = [(release.time - start) // MINUTE for release in releases]
    levels = [1.0, *accumulate((release.factors.get(promise.level, 1.0) for release in releases), operator.mul)]
    return lambda minute: share(minute) * levels[bisect_right(times, minute)]


def _bad(seed: int, name: str, total: array[int], share: Callable[[int], float]) -> array[int]:
    noise = Noise(seed, name, "bad")
    wander = Wander(Noise(seed, name, "wander"), _MEMORY, MINUTE)
    sums = array("q", [0])
    for minute in range(1, len(total)):
        events = total[minute] - total[minute - 1]
        expected = events * share(minute) * math.exp(_WANDERS * wander.next())
        sums.append(sums[-1] + min(events, noise.poisson(expected)))
    return sums
