"""The rules of alert_rules/forecasts.jsonnet as a function, so that hundreds of series take seconds.

tests/rules/test_forecasts.py proves that both give the same.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pantrywatch.analysis.baseline.bands import quantile

DAY_SECONDS = 86400
STEADY, FILLING, EARLY, JUMPED, RETURNS = range(5)
_BASIS, _LEAST_DAYS, _WITHIN, _BELIEVED, _FENCE = 28, 25, 1.44, 2.45, 3


@dataclass(frozen=True, slots=True)
class Forecast:
    """The state of a resource, and in how many days it is full: earliest and latest, None unless it fills up."""

    state: int
    earliest_days: float | None = None
    latest_days: float | None = None


@dataclass(frozen=True, slots=True)
class _Fit:
    """Growth a day and its spread, the level of the last midnight, and whether a growth is none but a jump."""

    growth: float
    spread: float
    level: float
    least: float
    most: float

    def is_jump(self, grown: float) -> bool:
        return not self.least <= grown <= self.most


def daily(times: Iterable[int], values: Iterable[float]) -> tuple[list[float], list[float]]:
    """Return median and maximum of each day that ends at or before the last time; unix seconds, shares of the limit."""
    days: dict[int, list[float]] = defaultdict(list)
    for second, value in zip(times, values, strict=True):
        days[(second - 1) // DAY_SECONDS].append(value)
    # The last one may not be over yet.
    whole = [days[day] for day in sorted(days)][: None if second % DAY_SECONDS == 0 else -1]
    return [quantile(0.5, day) for day in whole], [max(day) for day in whole]


def forecast(typical: Sequence[float], highest: Sequence[float], elapsed: float = 0.0) -> Forecast:
    """Return the forecast from whole days, the last at the end; `elapsed`: the share of today that is over."""
    grown = [after - before for before, after in pairwise(typical)][-_BASIS:]
    if len(grown) < _LEAST_DAYS:
        return Forecast(EARLY)
    fit = _fit(typical, grown)
    state = _state(fit, typical, len(grown))
    if state != FILLING:
        return Forecast(state)
    swing = quantile(0.5, (high - value for high, value in zip(highest[-7:], typical[-7:], strict=True)))
    left = 1 - fit.level - swing - fit.growth * elapsed
    return Forecast(state, *_full(fit, left, len(grown)))


def _fit(typical: Sequence[float], grown: Sequence[float]) -> _Fit:
    low, high = quantile(0.25, grown), quantile(0.75, grown)
    least, most = low - _FENCE * (high - low) - 1e-9, high + _FENCE * (high - low) + 1e-9
    kept = [one for one in grown if least <= one <= most]
    growth = statistics.fmean(kept)
    evened = [one if least <= one <= most else growth for one in grown]
    weeks = [statistics.fmean(evened[end - 7 : end]) for end in range(7, len(evened) + 1)]
    level = quantile(0.5, typical[-7:]) + 3 * growth
    return _Fit(growth, math.sqrt(7) * statistics.pstdev(weeks) * len(grown) / len(kept), level, least, most)


def _state(fit: _Fit, typical: Sequence[float], days: int) -> int:
    last, week_ago = typical[-1], typical[-8]
    if fit.is_jump(last - fit.level + fit.growth) and fit.is_jump(last - week_ago - 6 * fit.growth):
        return JUMPED
    if fit.growth <= _BELIEVED * fit.spread / math.sqrt(days):
        return STEADY
    is_new = fit.level - quantile(0.9, typical[-29:-14]) >= 7 * fit.growth
    return FILLING if is_new else RETURNS


def _full(fit: _Fit, left: float, days: int) -> tuple[float, float]:
    """Return the roots of (left - growth * days)^2 = variance * (days + days^2 / history + 3)."""
    variance = (_WITHIN * fit.spread) ** 2
    square, linear = fit.growth**2 - variance / days, 2 * left * fit.growth + variance
    root = math.sqrt(max(0.0, linear**2 - 4 * square * (left**2 - 3 * variance)))
    return max(0.0, (linear - root) / (2 * square)), max(0.0, (linear + root) / (2 * square))
