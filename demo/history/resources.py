"""Made-up series of what fills up, or only seems to: by seed, with the truth about when each is full.

A series is a level (growth, steps, copies, cleanups, a weekly swing) plus noise that remembers about a day. Growth
differs from day to day, as data does not arrive evenly. The level says when the limit is reached: noise that touches it
for an hour does not count.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from demo.history.activity import DAY, WEEK
from demo.history.noise import Noise, Wander

# How often each kind is among forty series.
KINDS = {
    "line": 8,
    "step": 5,
    "sawtooth": 5,
    "weekly": 4,
    "noise": 5,
    "copy": 5,
    "line+weekly": 3,
    "line+step": 2,
    "line+sawtooth": 1,
    "line+copy": 2,
}
_ORDER = [kind for kind, times in KINDS.items() for _ in range(times)]
# How long the truth is looked at: a series that is not full by then "never" is.
HORIZON_DAYS = 400

# What is added to a level, at a time in days since the start.
_Part = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Resource:
    """One series: `values` at `times` up to now, `later` at `later_times`, in the unit of `limit`; unix seconds.

    `reached`: when the level is at the limit for the first time, None if not within 400 days. `trend_per_day`: the true
    growth a day, on average, without steps, copies and rhythms; 0 for what does not grow. `regime_start`: the time of
    the last lasting step, or the first sample: what happened before says nothing about the level of now.
    """

    name: str
    kind: str
    limit: float
    times: tuple[int, ...]
    values: tuple[float, ...]
    later_times: tuple[int, ...]
    later: tuple[float, ...]
    reached: float | None
    trend_per_day: float
    regime_start: float


@dataclass(frozen=True, slots=True)
class Clock:
    """When series are sampled: `days` up to `end` (unix seconds), and `ahead_days` after it, each `step_seconds`."""

    end: int
    days: int = 35
    ahead_days: int = 60
    step_seconds: int = 3600

    @property
    def past(self) -> tuple[int, ...]:
        start = self.end - self.days * DAY
        return tuple(range(start + self.step_seconds, self.end + 1, self.step_seconds))

    @property
    def future(self) -> tuple[int, ...]:
        return tuple(range(self.end + self.step_seconds, self.end + self.ahead_days * DAY + 1, self.step_seconds))


def resources(seed: int, clock: Clock, count: int = 200) -> tuple[Resource, ...]:
    """So many series, the kinds in the proportions of KINDS; each depends on the seed and its number alone.

    Raises ValueError for fewer than 14 days.
    """
    if clock.days < 14:
        raise ValueError("expected 14 days or more")
    return tuple(_resource(seed, number, clock) for number in range(count))


def _resource(seed: int, number: int, clock: Clock) -> Resource:
    kind = _ORDER[number % len(_ORDER)]
    noise = Noise(seed, "resource", number)
    scale = noise.magnitude(1e2, 1e11)
    parts = kind.split("+")
    growth = _Growth(noise, clock.days, noise.magnitude(0.001, 0.015) if parts[0] == "line" else 0.0)
    steps = _steps(noise, clock.days) if "step" in parts else []
    level = _Level(growth, _parts(noise, parts, steps, clock))
    limit = _limit(noise, level, clock)
    start = clock.end - clock.days * DAY
    wander = Wander(Noise(seed, "resource", number, "wander"), noise.magnitude(6 * 3600, 2 * DAY), clock.step_seconds)
    spread = noise.magnitude(0.0005, 0.01)
    values = [
        scale * max(0.0, level((second - start) / DAY) + spread * wander.next())
        for second in (*clock.past, *clock.future)
    ]
    past = len(clock.past)
    return Resource(
        name=f"resource-{number:03}",
        kind=kind,
        limit=scale * limit,
        times=clock.past,
        values=tuple(min(value, scale * limit) for value in values[:past]),
        later_times=clock.future,
        later=tuple(min(value, scale * limit) for value in values[past:]),
        reached=_reached(level, limit, clock),
        trend_per_day=scale * growth.per_day,
        regime_start=start + DAY * max((at for at, _ in steps), default=0.0),
    )


class _Growth:
    """Growth that differs from day to day by a third, from a level between a fifth and a half."""

    def __init__(self, noise: Noise, days: int, per_day: float) -> None:
        self.per_day = per_day
        self._sums = [noise.between(0.2, 0.5)]
        for _ in range(days + HORIZON_DAYS + 1):
            self._sums.append(self._sums[-1] + per_day * max(0.0, 1 + noise.normal() / 3))

    def __call__(self, day: float) -> float:
        whole = min(int(day), len(self._sums) - 2)
        return self._sums[whole] + (self._sums[whole + 1] - self._sums[whole]) * (day - whole)


class _Level:
    """Growth and what is added to it; `height`: at most so much is added."""

    def __init__(self, growth: _Growth, parts: list[tuple[_Part, float]]) -> None:
        self.growth = growth
        self.height = sum(height for _, height in parts)
        self._parts = [part for part, _ in parts]

    def __call__(self, day: float) -> float:
        return self.growth(day) + sum(part(day) for part in self._parts)


def _parts(noise: Noise, names: list[str], steps: list[tuple[float, float]], clock: Clock) -> list[tuple[_Part, float]]:
    parts: list[tuple[_Part, float]] = []
    if steps:
        parts.append((lambda day: sum(size for at, size in steps if at <= day), sum(max(0, size) for _, size in steps)))
    if "sawtooth" in names:
        parts.append(_sawtooth(noise, clock.days + HORIZON_DAYS))
    if "weekly" in names:
        parts.append(_weekly(noise, clock))
    if "copy" in names:
        parts.append(_copy(noise, clock.days))
    return parts


def _steps(noise: Noise, days: int) -> list[tuple[float, float]]:
    """One or two lasting jumps, (day, size), up or down; the last at least three days ago."""
    days_of = sorted(noise.between(2, days - 3) for _ in range(1 + noise.below(2)))
    return [(at, noise.between(0.05, 0.3) * (1 if noise.between(0, 1) < 0.7 else -0.5)) for at in days_of]


def _sawtooth(noise: Noise, days: int) -> tuple[_Part, float]:
    """Growth up to a limit of its own, at which something cleans up, every 1 to 15 days, not quite evenly."""
    height, period = noise.between(0.05, 0.35), noise.magnitude(1, 15)
    cleanups = [-noise.between(0, 1) * period]
    while cleanups[-1] < days + period:
        cleanups.append(cleanups[-1] + period * noise.between(0.9, 1.1))

    def part(day: float) -> float:
        last = bisect_right(cleanups, day) - 1
        return height * (day - cleanups[last]) / (cleanups[last + 1] - cleanups[last])

    return part, height


def _weekly(noise: Noise, clock: Clock) -> tuple[_Part, float]:
    """More on working days than on weekends, more by day than by night; back where it was after each week."""
    height = noise.between(0.02, 0.15)
    start = clock.end - clock.days * DAY

    def part(day: float) -> float:
        since_monday = (start + day * DAY - 4 * DAY) % WEEK / DAY  # the first of January 1970 was a Thursday
        by_day = (1 - math.cos(2 * math.pi * (since_monday % 1))) / 2
        return height * (0.7 + 0.3 * by_day if since_monday < 5 else 0.1 + 0.1 * by_day)

    return part, height


def _copy(noise: Noise, days: int) -> tuple[_Part, float]:
    """A file copied within an hour and removed after 2 hours to 3 days; it may still be there now."""
    at, size, kept = noise.between(2, days), noise.between(0.05, 0.3), noise.magnitude(2 / 24, 3)

    def part(day: float) -> float:
        return size * min(1.0, (day - at) * 24) if at <= day < at + kept else 0.0

    return part, size


def _limit(noise: Noise, level: _Level, clock: Clock) -> float:
    """A limit above all that has been: for what grows, the level of 5 to 200 days ahead; else one it never reaches."""
    if not level.growth.per_day:
        return (level.growth(0) + level.height) * (1 + noise.magnitude(0.03, 0.6))
    until = clock.days + noise.magnitude(5, 200)
    highest_yet = max(level(hour / 24) for hour in range(clock.days * 24 + 1))
    return max(1.01 * highest_yet, *(level(until - hour / 24) for hour in range(7 * 24)))


def _reached(level: _Level, limit: float, clock: Clock) -> float | None:
    """The first hour after now at which the level is at the limit."""
    hours = range(clock.days * 24, (clock.days + HORIZON_DAYS) * 24) if level.growth.per_day else range(0)
    at = next((hour for hour in hours if level(hour / 24) >= limit), None)
    return None if at is None else clock.end + (at - clock.days * 24) * 3600.0
