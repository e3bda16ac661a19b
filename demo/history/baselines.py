"""What the rules of baselines would have recorded of the targets: each hour, and what is normal for it.

The band itself takes five weeks and a week of what differed, so it begins where the live rules go on. Holidays of the
settings are not left out: the made-up one is in no settings.
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
_SIGNALS = (300, 21)
_NORMAL = (300, 26)
_STEP, _HOUR = 300, 3600
# The live rules look back a week for what differs.
_NORMAL_SECONDS = 8 * DAY
# As in alert_rules/baselines.jsonnet.
_LEAST_SPREAD, _CHANCE, _LEAST_EVENTS = 0.05, 1.25, 100


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
    """A signal of a target: its labels, and its value and events at a step of five minutes (since 1970)."""

    labels: Mapping[str, str]
    value: Mapping[int, float]
    events: Mapping[int, float]


def signals(targets: Sequence[Target], start: int, end: int) -> Iterator[Signal]:
    """Yield the traffic and the bad events of each target between two times, unix seconds."""
    at = range(start // _STEP + 1, end // _STEP)
    for target in targets:
        hours = {step: hour for step in at if (hour := target.hour((step * _STEP - start) // 60)) is not None}
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
                yield signal.labels, _series(name, _SIGNALS, start, end, getattr(signal, of))
        first = max(start, self._normal_from)
        if first >= end:
            return
        for name, method in _RECORDS.items():
            for signal, learned in self._learned:
                at = range(first // _STEP, end // _STEP + 1)
                found = {step: value for step in at if (value := getattr(learned, method)(step)) is not None}
                yield signal.labels, _series(name, _NORMAL, first, end, found)


_RECORDS = {
    "crm:signal_usual_events:hour": "usual_events",
    "crm:signal_usual:hour": "usual",
    "crm:signal_to_usual:ratio": "ratio",
    "crm:signal_today:ratio": "today",
    "crm:signal_chance:ratio": "chance",
    "crm:signal_deviation:sigmas": "deviation",
    "crm:signal_normal:hour": "normal",
}


class _Learned:
    """What is normal for a signal, by step."""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self.usual, self.ratio, self.today = cache(self._usual), cache(self._ratio), cache(self._today)

    def usual_events(self, step: int) -> float | None:
        return _median(_weeks(self._signal.events, step))

    def _usual(self, step: int) -> float | None:
        known, events = _weeks(self._signal.value, step), self.usual_events(step)
        return _median(known) if len(known) >= 3 and events is not None and events >= _LEAST_EVENTS else None

    def _ratio(self, step: int) -> float | None:
        usual, value = self.usual(step), self._signal.value.get(step)
        return value / usual if usual and value is not None else None

    def _today(self, step: int) -> float | None:
        now = step * _STEP + _NORMAL[1]
        for half_hours in (47, 191):
            first, last = -(-(now - _HOUR - half_hours * 1800) // _HOUR), (now - _HOUR) // _HOUR
            # A subquery looks at whole hours, where the last sample is that of the step before.
            hours = (self.ratio(hour * _HOUR // _STEP - 1) for hour in range(first, last + 1))
            known = [ratio for ratio in hours if ratio is not None]
            if len(known) >= 4:
                return _median(known)
        return None

    def chance(self, step: int) -> float | None:
        events = self.usual_events(step)
        return math.sqrt(_LEAST_SPREAD**2 + _CHANCE / events) if events else None

    def deviation(self, step: int) -> float | None:
        ratio, today, chance = self.ratio(step), self.today(step), self.chance(step)
        return (ratio / today - 1) / chance if ratio is not None and today and chance else None

    def normal(self, step: int) -> float | None:
        usual, today = self.usual(step), self.today(step)
        return usual * today if usual is not None and today is not None else None


def _weeks(values: Mapping[int, float], step: int) -> list[float]:
    steps_back = (step - number * WEEK // _STEP for number in (1, 2, 3, 4))
    return [value for back in steps_back if (value := values.get(back)) is not None]


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _series(name: str, group: tuple[int, int], start: int, end: int, values: Mapping[int, float]) -> Series:
    times = steps(start, end, *group)
    first = times.first // _STEP
    return Series(name, "", times, [values.get(step) for step in range(first, first + len(times.lines))])
