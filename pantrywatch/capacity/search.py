"""The search for the highest rate that a server sustains: which rate comes next, and when it is known well enough."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

_GROWTH = 1.5
_CLOSE_ENOUGH = 1.06  # between the rate that was kept and the one that was not
_LEAST_RATE = 1.0


@dataclass(slots=True)
class Search:
    """Rates in requests a minute: where to begin, the highest allowed, those kept, the lowest that was not."""

    first: float
    most: float
    all_kept: list[float] = field(default_factory=list)
    broken: float | None = None

    @property
    def kept(self) -> float | None:
        """Return the highest rate that was kept, below those that were not."""
        return max((rate for rate in self.all_kept if self.broken is None or rate < self.broken), default=None)

    def next_rate(self) -> float | None:
        """Return the rate to try, None when the search is over."""
        kept, broken = self.kept, self.broken
        if broken is None:
            if kept is None:
                return min(self.first, self.most)
            return min(kept * _GROWTH, self.most) if kept < self.most else None
        if kept is None:
            lower = broken / _GROWTH**2
            return lower if lower >= _LEAST_RATE else None
        return math.sqrt(kept * broken) if broken / kept > _CLOSE_ENOUGH else None

    def note(self, rate: float, *, kept: bool) -> None:
        """Take the result of a rate; one that was kept before may be broken later."""
        if kept:
            self.all_kept.append(rate)
        else:
            self.broken = rate if self.broken is None else min(rate, self.broken)
