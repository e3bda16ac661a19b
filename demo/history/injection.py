"""Unusual hours put into a history, with the list of them: what a detector should find, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from demo.history.golden import History, Signal, Values
from demo.history.noise import Noise

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class UnusualHour:
    """The hour of a signal that starts at `start` was multiplied by `factor`; `events`: what it is made of before.

    For a count and a gauge the events of that hour, for a share the bad ones: where they are few, chance alone changes
    them by 1 / √events.
    """

    signal: str
    start: int
    factor: float
    events: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many of the whole hours (`share`) are to be `size` higher or lower, none before `after` (unix seconds).

    `only`: the names of the signals, instead of all.
    """

    share: float = 0.02
    size: float = 0.4
    after: float = 0.0
    only: Collection[str] | None = None


_USUAL = Wanted()


def inject(history: History, seed: int, wanted: Wanted = _USUAL) -> tuple[History, tuple[UnusualHour, ...]]:
    """A copy of the history with unusual hours, and the list of them by time.

    Never two in a row of one signal, never in an hour of an incident or next to one, never on the holiday. Of a share
    the bad events are changed; a count is rounded. Raises ValueError for a signal that the history lacks.
    """
    names = sorted(history.signals if wanted.only is None else wanted.only)
    if unknown := [name for name in names if name not in history.signals]:
        raise ValueError(f"the history lacks {', '.join(unknown)}")
    changed: dict[str, Signal] = {}
    found: list[UnusualHour] = []
    for name in names:
        signal = history.signals[name]
        factors = dict(_hours(history, Noise(seed, "inject", name), wanted))
        changed[name] = replace(signal, values=_changed(history, signal, factors))
        found += [
            UnusualHour(name, start, factor, _events(history, signal, start)) for start, factor in factors.items()
        ]
    found.sort(key=lambda hour: (hour.start, hour.signal))
    return replace(history, signals={**history.signals, **changed}), tuple(found)


def _hours(history: History, noise: Noise, wanted: Wanted) -> Iterator[tuple[int, float]]:
    """Yield start and factor of the hours to be changed."""
    first = -(-int(max(wanted.after, history.times[0] - history.step_seconds)) // _HOUR) * _HOUR
    last = float("-inf")
    for start in range(first, history.times[-1] - _HOUR + 1, _HOUR):
        drawn, direction = noise.between(0, 1), noise.between(0, 1)
        if drawn < wanted.share and start - last > _HOUR and is_ordinary(history, start):
            last = start
            yield start, 1 + wanted.size if direction < 0.5 else 1 - wanted.size


def is_ordinary(history: History, start: int) -> bool:
    """Whether the hour from `start` is off the holiday, and further than an hour from each incident."""
    if datetime.fromtimestamp(start, UTC).date() in history.holidays:
        return False
    return all(start + 2 * _HOUR <= incident.start or start - _HOUR >= incident.end for incident in history.incidents)


def _changed(history: History, signal: Signal, factors: Mapping[int, float]) -> Values:
    values: Values = []
    for time, value in zip(history.times, signal.values, strict=True):
        factor = factors.get((time - history.step_seconds) // _HOUR * _HOUR, 1.0)
        new = value if value is None or factor == 1 else value * factor
        values.append(float(round(new)) if new is not None and signal.kind == "count" else new)
    return values


def _events(history: History, signal: Signal, start: int) -> float:
    """The events of the hour from `start`; of a share, the bad ones."""
    steps = zip(history.times, signal.events, signal.values, strict=True)
    hour = [(events, value or 0.0) for time, events, value in steps if start < time <= start + _HOUR]
    return sum(events * value if signal.kind == "share" else events for events, value in hour)
