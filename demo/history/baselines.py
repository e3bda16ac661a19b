"""What the rules of baselines would have recorded: each hour, what is normal for it, and the band around that.

The band takes five weeks: in a past of 35 days it begins where the live rules go on. Holidays of the settings are not
left out: the made-up one is in no settings.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple, Protocol

from demo.history.activity import DAY, WEEK
from demo.history.blocks import Series, steps

# Each group: interval, and when in it.
SIGNALS = (300, 21)
_NORMAL = (300, 26)
STEP, _HOUR = 300, 3600
# The live rules look back a week for what differs.
_NORMAL_SECONDS = 8 * DAY
# As in alert_rules/baselines.jsonnet.
_LEAST_SPREAD, _CHANCE, _LEAST_EVENTS = 0.05, 1.25, 100
_WIDE, _LEAST_HOURS = 3, 30


class Hour(NamedTuple):
    """Events of an hour: all, and bad ones."""

    total: float
    bad: float


class Target(Protocol):
    """What is recorded of a target."""

    labels: dict[str, str]

    def hour(self, minute: int) -> Hour | None:
        """Return the events of the hour before a minute, None before there are any."""


class Signal(NamedTuple):
    """A signal: its labels, and its value and events at a step of five minutes (since 1970); a gauge has no events."""

    labels: Mapping[str, str]
    value: Mapping[int, float]
    events: Mapping[int, float] | None


def signals(targets: Sequence[Target], start: int, end: int) -> Iterator[Signal]:
    """Yield the traffic and the bad events of each target between two times, unix seconds."""
    at = range(start // STEP + 1, end // STEP)
    for target in targets:
        hours = {step: hour for step in at if (hour := target.hour((step * STEP - start) // 60)) is not None}
        total = {step: hour.total for step, hour in hours.items()}
        bad = {step: hour.bad for step, hour in hours.items()}
        yield Signal({**target.labels, "signal": "traffic", "kind": "count"}, total, total)
        share = {step: hour.bad / hour.total for step, hour in hours.items() if hour.total > 0}
        yield Signal({**target.labels, "signal": "bad events", "kind": "share"}, share, bad)


class Baselines:
    """All recorded series of signals; `until` is when the past ends (unix seconds)."""

    def __init__(self, all_of: Sequence[Signal], until: int) -> None:
        self._normal_from = until - _NORMAL_SECONDS
        self._learned = [(signal, _Learned(signal)) for signal in all_of]

    def series(self, start: int, end: int) -> Iterator[tuple[Mapping[str, str], Series]]:
        """Yield labels and series (without them) from `start` on, before `end`."""
        for name, of in (("crm:signal:hour", "value"), ("crm:signal_events:hour", "events")):
            for signal, _ in self._learned:
                if (values := getattr(signal, of)) is not None:
                    yield signal.labels, _series(name, SIGNALS, start, end, values)
        first = max(start, self._normal_from)
        if first >= end:
            return
        for name, method in _RECORDS.items():
            for signal, learned in self._learned:
                at = range(first // STEP, end // STEP + 1)
                found = {step: value for step in at if (value := getattr(learned, method)(step)) is not None}
                yield signal.labels, _series(name, _NORMAL, first, end, found)


_RECORDS = {
    "crm:signal_usual_events:hour": "usual_events",
    "crm:signal_usual:hour": "usual",
    "crm:signal_to_usual:ratio": "ratio",
    "crm:signal_today:ratio": "today",
    "crm:signal_chance:ratio": "chance",
    "crm:signal_deviation:sigmas": "deviation",
    "crm:signal_spread:sigmas": "spread",
    "crm:signal_normal:hour": "normal",
    "crm:signal_lower:hour": "lower",
    "crm:signal_upper:hour": "upper",
}


class _Learned:
    """What is normal for a signal, by step."""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self.usual, self.ratio, self.today = cache(self._usual), cache(self._ratio), cache(self._today)
        self._differed = cache(self._differed_until)

    def usual_events(self, step: int) -> float | None:
        return None if self._signal.events is None else _median(_weeks(self._signal.events, step))

    def _usual(self, step: int) -> float | None:
        known = _weeks(self._signal.value, step)
        return _median(known) if len(known) >= 3 and self._is_enough(step) else None

    def _is_enough(self, step: int) -> bool:
        events = self.usual_events(step)
        return self._signal.events is None or (events is not None and events >= _LEAST_EVENTS)

    def _ratio(self, step: int) -> float | None:
        usual, value = self.usual(step), self._signal.value.get(step)
        return value / usual if usual and value is not None else None

    def _today(self, step: int) -> float | None:
        for half_hours in (47, 191):
            known = [ratio for hour in _hours(step, half_hours) if (ratio := self.ratio(hour)) is not None]
            if len(known) >= 4:
                return _median(known)
        return None

    def chance(self, step: int) -> float | None:
        if self._signal.events is None:
            return None if self.usual(step) is None else _LEAST_SPREAD
        events = self.usual_events(step)
        return math.sqrt(_LEAST_SPREAD**2 + _CHANCE / events) if events else None

    def deviation(self, step: int) -> float | None:
        ratio, today, chance = self.ratio(step), self.today(step), self.chance(step)
        return (ratio / today - 1) / chance if ratio is not None and today and chance else None

    def spread(self, step: int) -> float | None:
        if step - 5 * WEEK // STEP not in self._signal.value:
            return None
        return self._differed(_hours(step, 335))

    def _differed_until(self, hours: range) -> float | None:
        """Return how much most of these hours differed, 1 at least; None where too few are known."""
        known = [abs(sigmas) for hour in hours if (sigmas := self.deviation(hour)) is not None]
        return max(1.0, 1.4826 * statistics.median(known)) if len(known) >= _LEAST_HOURS else None

    def normal(self, step: int) -> float | None:
        usual, today = self.usual(step), self.today(step)
        return usual * today if usual is not None and today is not None else None

    def lower(self, step: int) -> float | None:
        normal, width = self.normal(step), self._width(step)
        return max(0.0, normal * (1 - width)) if normal is not None and width is not None else None

    def upper(self, step: int) -> float | None:
        normal, width = self.normal(step), self._width(step)
        return normal * (1 + width) if normal is not None and width is not None else None

    def _width(self, step: int) -> float | None:
        spread, chance = self.spread(step), self.chance(step)
        return _WIDE * spread * chance if spread is not None and chance is not None else None


def _hours(step: int, half_hours: int) -> range:
    """Return the steps that a subquery of the hours before an hour ago sees.

    It looks at whole hours, where the last sample is that of the step before.
    """
    now = step * STEP + _NORMAL[1]
    first, last = -(-(now - _HOUR - half_hours * 1800) // _HOUR), (now - _HOUR) // _HOUR
    each = _HOUR // STEP
    return range(first * each - 1, last * each, each)


def _weeks(values: Mapping[int, float], step: int) -> list[float]:
    steps_back = (step - number * WEEK // STEP for number in (1, 2, 3, 4))
    return [value for back in steps_back if (value := values.get(back)) is not None]


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _series(name: str, group: tuple[int, int], start: int, end: int, values: Mapping[int, float]) -> Series:
    times = steps(start, end, *group)
    first = times.first // STEP
    return Series(name, "", times, [values.get(step) for step in range(first, first + len(times.lines))])
