"""The last 90 days of each layer, for the status page: of the long memory, and of what Prometheus still has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from pantrywatch.scheduler.day import Day, day_of, days_between, parse_day
from pantrywatch.scheduler.questions import days_of
from pantrywatch.web.prometheus import Prometheus

SHOWN_DAYS = 90
_LAYERS = ("frontend", "backend", "infrastructure", "business")
_MOST_BYTES = 32 * 1024 * 1024
_MOST_DAYS = 15  # in one question
DayState = Literal["kept", "missed", "unknown"]


@dataclass(frozen=True, slots=True)
class LayerDays:
    """A layer and its days, the oldest first: kept, where each target with events was met."""

    layer: str
    days: tuple[tuple[date, DayState], ...]


def read_days(file: Path) -> list[Day]:
    """Return the days in the file of the long memory; damaged lines are left out. Raises OSError."""
    with file.open("rb") as lines:
        return [day for line in lines.read(_MOST_BYTES).splitlines() if (day := _parsed(line)) is not None]


def recorded_days(prometheus: Prometheus, now: float) -> list[Day]:
    """Return those of the last 90 full days that Prometheus still has. Raises NoAnswerError."""
    last = day_of(now) - timedelta(days=1)
    first = last - timedelta(days=SHOWN_DAYS - 1)
    found: list[Day] = []
    while first <= last:
        to = min(last, first + timedelta(days=_MOST_DAYS - 1))
        found += days_of(prometheus, first, to)
        first = to + timedelta(days=1)
    return found


def layers_of(days: Iterable[Day], layer_of: Mapping[str, str], now: float) -> list[LayerDays]:
    """Return the last 90 full days of each layer that has a target."""
    last = day_of(now) - timedelta(days=1)
    shown = days_between(last - timedelta(days=SHOWN_DAYS - 1), last)
    by_key: dict[tuple[str, date], list[Day]] = {}
    for day in {one.key: one for one in days}.values():
        by_key.setdefault((layer_of.get(day.target, ""), day.on), []).append(day)
    layers = sorted(set(layer_of.values()), key=layer_order)
    return [LayerDays(layer, tuple((on, _state(by_key.get((layer, on), ()))) for on in shown)) for layer in layers]


def layer_order(layer: str) -> tuple[int, str]:
    """Return what layers are sorted by: as in the document, others after them."""
    return (_LAYERS.index(layer) if layer in _LAYERS else len(_LAYERS)), layer


def _state(days: Sequence[Day]) -> DayState:
    known = [day for day in days if day.share is not None]
    if not known:
        return "unknown"
    return "kept" if all((day.share or 0) >= day.objective for day in known) else "missed"


def _parsed(line: bytes) -> Day | None:
    try:
        return parse_day(line)
    except ValueError:
        return None
