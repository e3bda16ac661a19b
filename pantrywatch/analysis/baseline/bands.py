"""The rules of alert_rules/baselines.jsonnet as a function over whole hours: weeks of many signals take seconds.

tests/rules/test_baselines.py proves that both give the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

WEEK_HOURS = 168
HISTORY_HOURS = 5 * WEEK_HOURS
_LEAST_SPREAD, _CHANCE, _LEAST_EVENTS, _WIDE = 0.05, 1.25, 100, 3
Values = list[float | None]


@dataclass(slots=True)
class Hours:
    """A signal hour by hour; `events`: what its chance comes from, None of a gauge; `holiday`: hours to leave out."""

    values: Sequence[float | None]
    events: Sequence[float] | None
    holiday: Sequence[bool]
    _ratios: Values = field(default_factory=list)
    _deviations: Values = field(default_factory=list)

    def bands(self) -> Iterator[tuple[float, float] | None]:
        """Yield the band of each hour, from what was before it; None where there is none."""
        for hour in range(len(self.values)):
            yield self._band(hour)

    def reasons(self) -> Iterator[str | None]:
        """Yield why each hour has no band; None where there is one."""
        for hour, band in enumerate(self.bands()):
            yield None if band else self._reason(hour)

    def _reason(self, hour: int) -> str:
        weeks = [hour - number * WEEK_HOURS for number in (1, 2, 3, 4)]
        if hour < HISTORY_HOURS:
            return "under five weeks of data"
        if self.events and quantile(0.5, (self.events[week] for week in weeks)) < _LEAST_EVENTS:
            return f"fewer than {_LEAST_EVENTS} events in the usual hour"
        if sum(self.values[week] is not None and not self.holiday[week] for week in weeks) < 3:
            return "fewer than three of the four weeks"
        if not self._today(hour):
            return "fewer than four hours of today with a usual value"
        return "fewer than 30 hours of the week with a usual value"

    def _band(self, hour: int) -> tuple[float, float] | None:
        usual, chance = self._learn(hour)
        today = self._today(hour)
        value, ratio = self.values[hour], self._ratios[hour]
        self._deviations.append(None if ratio is None or not today or not chance else (ratio / today - 1) / chance)
        spread = self._spread(hour)
        if usual is None or not today or not chance or spread is None or value is None:
            return None
        width = _WIDE * spread * chance
        return max(0.0, usual * today * (1 - width)), usual * today * (1 + width)

    def _learn(self, hour: int) -> tuple[float | None, float | None]:
        """Remember and return the median of the weeks before, and what an hour of so many events differs by chance."""
        weeks = [hour - number * WEEK_HOURS for number in (1, 2, 3, 4)]
        weeks = [week for week in weeks if week >= 0 and not self.holiday[week]]
        known = [value for week in weeks if (value := self.values[week]) is not None]
        events = quantile(0.5, (self.events[week] for week in weeks)) if self.events and weeks else None
        has_normal = len(known) >= 3 and (events is None or events >= _LEAST_EVENTS)
        usual = quantile(0.5, known) if has_normal else None
        value = None if self.holiday[hour] else self.values[hour]
        chance = math.sqrt(_LEAST_SPREAD**2 + _CHANCE / events) if events else _LEAST_SPREAD
        self._ratios.append(value / usual if usual and value is not None else None)
        return usual, chance

    def _today(self, hour: int) -> float | None:
        for hours in (24, 96):
            past = _known(self._ratios, hour, hours)
            if len(past) >= 4:
                return quantile(0.5, past)
        return None

    def _spread(self, hour: int) -> float | None:
        past = _known(self._deviations, hour, WEEK_HOURS)
        if len(past) < 30 or hour < HISTORY_HOURS or self.values[hour - HISTORY_HOURS] is None:
            return None
        return max(1.0, 1.4826 * quantile(0.5, map(abs, past)))


def _known(values: Values, hour: int, hours: int) -> list[float]:
    return [value for value in values[max(0, hour - hours) : hour] if value is not None]


def quantile(share: float, values: Iterable[float]) -> float:
    """Return what quantile_over_time() does: between two values in proportion."""
    ordered = sorted(values)
    rank = share * (len(ordered) - 1)
    lower = math.floor(rank)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] + (ordered[upper] - ordered[lower]) * (rank - lower)
