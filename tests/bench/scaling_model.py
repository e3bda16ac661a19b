"""The forecast of the requests of a quarter hour in alert_rules/lib/scaling.libsonnet as a function, and an autoscaler.

tests/rules/test_scaling.py proves that the forecast is that of the rules.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from pantrywatch.analysis.baseline.bands import quantile

WEEK_MINUTES = 7 * 24 * 60
HISTORY_MINUTES = 5 * WEEK_MINUTES
AHEAD_MINUTES = 15
_LEVEL_MINUTES, _PRIOR, _LEAST_SPREAD, _CHANCE, _LEAST_WEEKS = 30, 100 / 6, 0.05, 1.25, 3


class Traffic:
    """Requests minute by minute, and what the rules make of them."""

    def __init__(self, minutes: Sequence[float]) -> None:
        sums = [0.0, *accumulate(minutes)]
        # Requests of the five minutes that end with each minute.
        self.fives = [sums[end + 1] - sums[max(0, end - 4)] for end in range(len(minutes))]

    def now(self, minute: int) -> float:
        """Return the requests a minute, as a rate of five minutes."""
        return self.fives[minute] / 5

    def ahead(self, minute: int) -> float | None:
        """Return the upper bound of `now` in the coming quarter of an hour, None under five weeks of history."""
        weeks = [minute - number * WEEK_MINUTES for number in (1, 2, 3, 4)]
        weeks = [week for week in weeks if week >= _LEVEL_MINUTES - 1]
        if minute < HISTORY_MINUTES or len(weeks) < _LEAST_WEEKS:
            return None
        recent = self._mean(minute)
        level = (recent + _PRIOR) / (quantile(0.5, map(self._mean, weeks)) + _PRIOR)
        edge = math.sqrt(_LEAST_SPREAD**2 + _CHANCE / max(1.0, recent * _LEVEL_MINUTES / 5))
        return quantile(0.5, map(self._busiest, weeks)) * level * (1 + edge) / 5

    def _mean(self, minute: int) -> float:
        values = self.fives[minute + 1 - _LEVEL_MINUTES : minute + 1]
        return sum(values) / len(values)

    def _busiest(self, minute: int) -> float:
        """The busiest five minutes of those that end in the quarter of an hour after this minute."""
        return max(self.fives[minute + 1 : minute + 1 + AHEAD_MINUTES])


@dataclass(slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler on servers that are needed, asked once a minute.

    It leaves things alone within 10% of what runs, scales down to the most that was wanted in five minutes, and a
    server holds nothing until `start_minutes` after it was asked for.
    """

    running: int
    start_minutes: int
    paid_minutes: int = 0
    _starting: deque[int] = field(default_factory=deque)
    _wanted: deque[int] = field(default_factory=lambda: deque(maxlen=6))

    def run(self, needed: Iterable[int]) -> Iterator[int]:
        """Yield for each minute the servers that hold the load of the next."""
        for minute, servers in enumerate(needed):
            while self._starting and self._starting[0] <= minute:
                self._starting.popleft()
                self.running += 1
            self._scale(minute, max(1, servers))
            self.paid_minutes += self._all
            yield self.running

    @property
    def _all(self) -> int:
        return self.running + len(self._starting)

    def _scale(self, minute: int, needed: int) -> None:
        wanted = self._all if abs(needed / self._all - 1) <= _TOLERANCE else needed
        self._wanted.append(wanted)
        self._starting.extend([minute + self.start_minutes] * (wanted - self._all))
        for _ in range(self._all - max(self._wanted)):
            if self._starting:
                self._starting.pop()
            else:
                self.running -= 1


_TOLERANCE = 0.1
