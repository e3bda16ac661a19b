"""What Prometheus recorded of each signal hour by hour: the questions, and the series of its answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pantrywatch.analysis.baseline.bands import WEEK_HOURS
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

HOUR_SECONDS = 3600
WEEKS = 13
_HOURS = WEEKS * WEEK_HOURS
_MOST_SERIES = 500
_VALUES, _EVENTS = "crm:signal:hour", "crm:signal_events:hour"
_HOLIDAYS = 'max(crm:holiday:bool{weeks="0"})'
_NOT_SHOWN = frozenset({"__name__", "signal", "kind", "layer", "sloth_id", "sloth_service", "sloth_slo"})
_Key = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Signal:
    """One series, hour by hour: `values[i]` of the hour that ends `i` hours after the first; None where there is none.

    `events`: what its chance comes from, None of a gauge.
    """

    name: str
    values: list[float | None] = field(default_factory=lambda: [None] * _HOURS)
    events: list[float] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The signals of the same whole hours, and which of these hours are of a holiday."""

    signals: Sequence[Signal]
    holiday: Sequence[bool]


def recorded(prometheus: Prometheus, now: float, holidays: frozenset[date]) -> Recorded:
    """Return what was recorded in the last 13 weeks, up to the last whole hour before `now` (Unix seconds).

    `holidays`: those of the settings, besides the recorded ones. Raises NoAnswerError.
    """
    first = int(now) // HOUR_SECONDS * HOUR_SECONDS - (_HOURS - 1) * HOUR_SECONDS
    found: dict[_Key, Signal] = {}
    for key, hour, value in _asked(prometheus, _VALUES, first):
        if key not in found and len(found) == _MOST_SERIES:
            raise NoAnswerError(f"it has more than {_MOST_SERIES} series {_VALUES}")
        found.setdefault(key, Signal(_name(key))).values[hour] = value
    for key, hour, value in _asked(prometheus, _EVENTS, first):
        if signal := found.get(key):
            signal.events = signal.events or [0.0] * _HOURS
            signal.events[hour] = value
    days = {hour for _, hour, value in _asked(prometheus, _HOLIDAYS, first - 1) if value == 1}
    starts = (first + (hour - 1) * HOUR_SECONDS for hour in range(_HOURS))
    holiday = [hour in days or datetime.fromtimestamp(at, UTC).date() in holidays for hour, at in enumerate(starts)]
    return Recorded(sorted(found.values(), key=lambda signal: signal.name), holiday)


def _asked(prometheus: Prometheus, expression: str, first: int) -> Iterator[tuple[_Key, int, float]]:
    """Yield labels, number of the hour and value: a week a question, so that no answer is large."""
    for begin in range(0, _HOURS, WEEK_HOURS):
        start, end = (first + hour * HOUR_SECONDS for hour in (begin, begin + WEEK_HOURS - 1))
        parameters = {"query": expression, "start": str(start), "end": str(end), "step": str(HOUR_SECONDS)}
        for labels, at, value in _samples(prometheus.data("query_range", list(parameters.items()))):
            yield labels, (at - first) // HOUR_SECONDS, value


def _samples(data: Any) -> Iterator[tuple[_Key, int, float]]:
    try:
        for series in data["result"]:
            labels: Mapping[str, str] = series["metric"]
            key = tuple(sorted((name, str(value)) for name, value in labels.items() if name != "__name__"))
            for at, text in series["values"]:
                if math.isfinite(value := float(text)):
                    yield key, int(at), value
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise NoAnswerError("expected an answer of its API, got another one") from error


def _name(key: _Key) -> str:
    """Return what tells the series from others: its target or server, and the signal."""
    labels = dict(key)
    return " ".join([*(value for name, value in key if name not in _NOT_SHOWN), labels.get("signal", "")])
