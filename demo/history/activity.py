"""How busy the sales staff are: hour of the week, growth, the holiday, and days and hours that differ."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from demo.history.noise import Noise, Wander

DAY = 86400
WEEK = 7 * DAY

# (hour, share of the peak) of a working day, UTC: night, morning rise, lunch dip, afternoon, a few in the evening.
_WORKDAY = ((0, 0.03), (5, 0.03), (7, 0.2), (9, 1.0), (11.5, 0.95), (12.5, 0.65), (13.5, 0.95), (16.5, 0.85),
            (18.5, 0.25), (21, 0.08), (24, 0.03))  # fmt: skip
_FREE_DAY = ((0, 0.02), (7, 0.02), (10, 0.09), (16, 0.08), (20, 0.07), (24, 0.02))
# Monday to Sunday, as a share of an average working day.
_WEEKDAY = (1.06, 1.04, 1.02, 1.0, 0.88, 1.0, 0.8)
# A busy day is 4 % busier; it is followed by days that are a little busier too.
_DAY_SPREAD, _DAY_MEMORY = 0.04, 2 * DAY
# What an hour differs from the same hour of an equally busy day.
_HOUR_SPREAD, _HOUR_MEMORY = 0.05, 2 * 3600


def share_of_peak(second: float, holidays: frozenset[date] = frozenset()) -> float:
    """The expected activity at a time, 1 at the busiest hour of an average working day."""
    moment = datetime.fromtimestamp(second, UTC)
    free = moment.weekday() >= 5 or moment.date() in holidays
    anchors = _FREE_DAY if free else _WORKDAY
    hour = second % DAY / 3600
    after = bisect_right(anchors, (hour, math.inf))
    (start, low), (end, high) = anchors[after - 1], anchors[min(after, len(anchors) - 1)]
    way = 0.0 if end == start else (1 - math.cos(math.pi * (hour - start) / (end - start))) / 2
    return _WEEKDAY[moment.weekday()] * (low + (high - low) * way)


def holiday(seed: int, start: float, end: float) -> date:
    """A working day, at least a week after the start and three days before the end."""
    noise = Noise(seed, "holiday")
    day = datetime.fromtimestamp(noise.between(start + WEEK, end - 3 * DAY), UTC).date()
    return day - timedelta(days=max(0, day.weekday() - 4))


def activity(
    seed: int, times: tuple[int, ...], step: int, growth_per_week: float, holidays: frozenset[date]
) -> list[float]:
    """The activity in each step that ends at one of `times`, 1 at the busiest hour of the first week."""
    differs = day_and_hour_noise(seed, step)
    values = []
    for second in times:
        grown = (1 + growth_per_week) ** ((second - times[0]) / WEEK)
        values.append(share_of_peak(second - step / 2, holidays) * grown * differs())
    return values


def day_and_hour_noise(seed: int, step: int) -> Callable[[], float]:
    """What gives, for one step after the other, how much busier it is than its hour of the week: about 1."""
    days = Wander(Noise(seed, "days"), _DAY_MEMORY, step)
    hours = Wander(Noise(seed, "hours"), _HOUR_MEMORY, step)
    return lambda: math.exp(_DAY_SPREAD * days.next() + _HOUR_SPREAD * hours.next())
