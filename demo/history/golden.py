"""The golden signals of each layer over weeks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from demo.history import activity as active
from demo.history.events import Deployment, Incident, deployments, incidents
from demo.history.noise import Noise, Wander

Values = list[float | None]


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal; `values[i]` is about the step that ends at `History.times[i]`.

    A count has the events of the step, a share the bad ones of `events[i]` (None where there were none), a gauge the
    mean of the step; `events` of a gauge are those it was measured on.
    """

    name: str
    layer: str
    kind: Literal["count", "share", "gauge"]
    values: Values
    events: list[float]


@dataclass(frozen=True, slots=True)
class History:
    """All signals, in steps of `step_seconds`, and the truth about them. Times are unix seconds, ends of steps."""

    seed: int
    step_seconds: int
    times: tuple[int, ...]
    signals: Mapping[str, Signal]
    holidays: frozenset[date]
    incidents: tuple[Incident, ...]
    deployments: tuple[Deployment, ...]


@dataclass(frozen=True, slots=True)
class _Count:
    """Events: so many an hour at the peak, and how far their rate wanders on its own."""

    layer: str
    peak_per_hour: float
    spread: float


@dataclass(frozen=True, slots=True)
class _Share:
    """Bad events among those of a count; `loaded`: how much of the share is due to load (exponent of activity)."""

    layer: str
    of: str
    share: float
    spread: float
    loaded: float = 0.0


@dataclass(frozen=True, slots=True)
class _Gauge:
    """A level at the peak; `idle` is the part that is there without any activity; `of` are the events it is about."""

    layer: str
    of: str
    peak: float
    idle: float
    spread: float
    percentile: bool = False


_COUNTS = {
    "page_views": _Count("frontend", 5400, 0.03),
    "requests": _Count("api", 28800, 0.03),
    "queries": _Count("database", 93600, 0.03),
    "cache_lookups": _Count("cache", 43200, 0.03),
    "logins": _Count("business", 90, 0.06),
    "exports": _Count("business", 2.5, 0.15),  # a few a day, next to none at night
}
_SHARES = {
    "script_error_share": _Share("frontend", "page_views", 0.0006, 0.15),
    "api_error_share": _Share("api", "requests", 0.0004, 0.15),
    "api_slow_share": _Share("api", "requests", 0.02, 0.1, loaded=0.3),
    "cache_miss_share": _Share("cache", "cache_lookups", 0.06, 0.06),
}
_GAUGES = {
    "api_p95_seconds": _Gauge("api", "requests", 0.28, 0.6, 0.05, percentile=True),
    "database_p95_seconds": _Gauge("database", "queries", 0.035, 0.7, 0.06, percentile=True),
    "database_connections": _Gauge("database", "requests", 14, 0.25, 0.05),
    "active_users": _Gauge("business", "requests", 420, 0.0, 0.02),
}
_MEMORY = 3 * 3600
# How often a gauge of how many there are is looked at: less often than it forgets, so that each look is a new one.
_LOOK_SECONDS = 60
# What the estimate of a 95th percentile differs by chance, times the square root of the number of events.
_P95_ROUGHNESS = 1.3


def history(
    seed: int, end: float, *, days: int = 35, step_seconds: int = 3600, growth_per_week: float = 0.05
) -> History:
    """Signals of `days` days up to `end` (unix seconds, rounded down to a whole step); same arguments, same past.

    Raises ValueError for fewer than 14 days (there would be no room for the holiday), or a step that is not a whole
    part of an hour.
    """
    if days < 14 or step_seconds < 1 or 3600 % step_seconds:
        raise ValueError("expected 14 days or more, and a step that divides an hour")
    last = int(end // step_seconds) * step_seconds
    start = last - days * active.DAY
    times = tuple(range(start + step_seconds, last + step_seconds, step_seconds))
    holidays = frozenset({active.holiday(seed, start, last)})
    course = _Course(
        seed,
        times,
        step_seconds,
        active.activity(seed, times, step_seconds, growth_per_week, holidays),
        incidents(seed, start, last),
        deployments(seed, start, last),
    )
    return History(seed, step_seconds, times, _signals(course), holidays, course.incidents, course.deployments)


@dataclass(frozen=True, slots=True)
class _Course:
    """What all signals have in common: how busy it is in each step, and what happened."""

    seed: int
    times: tuple[int, ...]
    step: int
    busy: list[float]
    incidents: tuple[Incident, ...]
    deployments: tuple[Deployment, ...]

    def level(self, signal: str, spread: float) -> list[float]:
        """The factor of a signal on its own, around 1: how it wanders, and what happened to it."""
        wander = Wander(Noise(self.seed, signal, "wander"), _MEMORY, self.step)
        return [factor * math.exp(spread * wander.next()) for factor in self._factors(signal)]

    def _factors(self, signal: str) -> list[float]:
        values = [1.0] * len(self.times)
        for deployment in self.deployments:
            factor = deployment.factors.get(signal, 1.0)
            for at in range(self._step_of(deployment.time) + 1, len(values)):
                values[at] *= factor
        for incident in self.incidents:
            for at in range(self._step_of(incident.start), self._step_of(incident.end) + 1):
                values[at] *= incident.factor(signal, self.times[at] - self.step, self.times[at])
        return values

    def _step_of(self, second: float) -> int:
        """The index of the step that a time is in."""
        return max(0, math.ceil((second - self.times[0]) / self.step))


def _signals(course: _Course) -> dict[str, Signal]:
    found: dict[str, Signal] = {}
    for name, count in _COUNTS.items():
        found[name] = _count(course, name, count)
    for name, gauge in _GAUGES.items():
        found[name] = _gauge(course, name, gauge, found[gauge.of].events)
    for name, share in _SHARES.items():
        found[name] = _share(course, name, share, found[share.of].events)
    return found


def _count(course: _Course, name: str, count: _Count) -> Signal:
    noise = Noise(course.seed, name)
    peak = count.peak_per_hour * course.step / 3600
    level = course.level(name, count.spread)
    events = [float(noise.poisson(peak * busy * factor)) for busy, factor in zip(course.busy, level, strict=True)]
    return Signal(name, count.layer, "count", list(events), events)


def _share(course: _Course, name: str, share: _Share, events: Sequence[float]) -> Signal:
    noise = Noise(course.seed, name)
    values: Values = []
    for busy, factor, total in zip(course.busy, course.level(name, share.spread), events, strict=True):
        expected = min(1.0, share.share * factor * busy**share.loaded)
        values.append(min(total, noise.poisson(total * expected)) / total if total else None)
    return Signal(name, share.layer, "share", values, list(events))


def _gauge(course: _Course, name: str, gauge: _Gauge, events: Sequence[float]) -> Signal:
    noise = Noise(course.seed, name)
    looks = max(1.0, course.step / _LOOK_SECONDS)
    values: Values = []
    for busy, factor, total in zip(course.busy, course.level(name, gauge.spread), events, strict=True):
        value = gauge.peak * (gauge.idle + (1 - gauge.idle) * busy) * factor
        if not gauge.percentile:
            values.append(noise.poisson(value * looks) / looks)
        else:
            values.append(value * math.exp(_P95_ROUGHNESS * noise.normal() / math.sqrt(total)) if total else None)
    return Signal(name, gauge.layer, "gauge", values, list(events))
