"""The bands of grafana/promql-anomaly-detection 0.2.1 (rules of February 2026) as functions, to compare with.

Both strategies are described by its rules: a band around the last hour or day, no narrower than half of it, widened by
the same hour of yesterday and of a week ago. What is made here of that is a reimplementation of the idea over steps of
five minutes, with the seasonal part as it is meant (releases before April 2026 lose it by a label). An alert needs two
steps in a row (`for: 5m`).
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

STEP_SECONDS = 300
STEPS_AN_HOUR = 3600 // STEP_SECONDS
Values = Sequence[float | None]
_MULTIPLIER, _MARGIN = 2, 0.5
_DAY, _LONGER = 24 * STEPS_AN_HOUR, 26 * STEPS_AN_HOUR
# Of requests, fewer than five a minute are sparse; as events a step.
_SPARSE_EVENTS = 5 / 60 * STEP_SECONDS


def without_sparse(counts: Values) -> list[float | None]:
    """Return the counts where the last hour has enough of them."""
    means = [statistics.fmean(window) if window else 0.0 for window in _windows(counts, STEPS_AN_HOUR)]
    return [None if mean < _SPARSE_EVENTS else value for value, mean in zip(counts, means, strict=True)]


def adaptive(values: Values) -> list[bool | None]:
    """Return for each step whether it alerts by mean and standard deviation; None without a value or a band."""
    values = [value or None for value in values]
    hours = list(_windows(values, STEPS_AN_HOUR))
    mean = [statistics.fmean(hour) if hour else None for hour in hours]
    spread = [_deviation(hour) if hour else 0.0 for hour in hours]
    # Only hours that vary much count for the short-term width.
    varied = [
        width if middle is not None and width > 0.5 * middle else None
        for middle, width in zip(mean, spread, strict=True)
    ]
    short = list(_means(varied, _LONGER))

    def bands(step: int) -> Iterator[tuple[float, float]]:
        if (middle := mean[step]) is None:
            return
        yield middle, max(_MARGIN * middle, _MULTIPLIER * short[step])
        for back in (_back(167.5), _back(23.5)):
            if step >= back and (before := mean[step - back]) is not None:
                yield before, _MULTIPLIER * spread[step - back]

    return _alerts(values, bands)


def robust(values: Values) -> list[bool | None]:
    """Return for each step whether it alerts by medians; None without a value or a band."""
    values = [value or None for value in values]
    day = list(_medians(values, _DAY))
    distance = _distances(values, day)
    width = list(_medians(distance, _DAY))
    level = list(_medians(values, STEPS_AN_HOUR))
    seasons = []
    for back in (_back(167.75), _back(23.75)):
        middle = [*([None] * back), *level[:-back]]
        moved = [*([None] * back), *values[:-back]]
        seasons.append((middle, list(_medians(_distances(moved, middle), STEPS_AN_HOUR))))

    def bands(step: int) -> Iterator[tuple[float, float]]:
        if (middle := day[step]) is None:
            return
        yield middle, max(_MARGIN * middle, _MULTIPLIER * (width[step] or 0.0))
        for before, apart in seasons:
            if (usual := before[step]) is not None:
                yield usual, _MULTIPLIER * (apart[step] or 0.0)

    return _alerts(level, bands)


def by_hour(alerts: Sequence[bool | None]) -> list[bool | None]:
    """Return for each hour whether there was an alert in it; None where no step could have one."""
    hours = (alerts[begin : begin + STEPS_AN_HOUR] for begin in range(0, len(alerts), STEPS_AN_HOUR))
    return [None if all(step is None for step in hour) else any(hour) for hour in hours]


def _alerts(level: Values, bands: Callable[[int], Iterable[tuple[float, float]]]) -> list[bool | None]:
    """Return the steps whose level was outside all bands, and that of the step before as well."""
    found: list[bool | None] = []
    was_outside = False
    for step, value in enumerate(level):
        known = list(bands(step))
        if value is None or not known:
            was_outside = False
            found.append(None)
            continue
        upper = max(middle + width for middle, width in known)
        is_outside = not max(0.0, min(middle - width for middle, width in known)) <= value <= upper
        found.append(is_outside and was_outside)
        was_outside = is_outside
    return found


def _back(hours: float) -> int:
    return round(hours * STEPS_AN_HOUR)


def _distances(values: Values, middles: Values) -> list[float | None]:
    return [
        None if value is None or middle is None else abs(value - middle)
        for value, middle in zip(values, middles, strict=True)
    ]


def _deviation(values: Sequence[float]) -> float:
    middle = statistics.fmean(values)
    return math.sqrt(statistics.fmean((value - middle) ** 2 for value in values))


def _windows(values: Values, steps: int) -> Iterator[list[float]]:
    """Yield what is known of the last steps, up to each."""
    window: deque[float | None] = deque(maxlen=steps)
    for value in values:
        window.append(value)
        yield [one for one in window if one is not None]


def _means(values: Values, steps: int) -> Iterator[float]:
    """Yield the mean of what is known of the last steps, up to each; 0 where nothing is."""
    total, number = 0.0, 0
    for step, value in enumerate(values):
        old = values[step - steps] if step >= steps else None
        total += (value or 0.0) - (old or 0.0)
        number += (value is not None) - (old is not None)
        yield total / number if number else 0.0


def _medians(values: Values, steps: int) -> Iterator[float | None]:
    """Yield the median of the last steps, up to each."""
    ordered: list[float] = []
    for step, value in enumerate(values):
        if step >= steps and (old := values[step - steps]) is not None:
            del ordered[bisect_left(ordered, old)]
        if value is not None:
            insort(ordered, value)
        half = len(ordered) // 2
        yield None if not ordered else ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
