"""What each calendar month, in UTC, kept of each promise: sums of the long memory's days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pantrywatch.scheduler.day import DAY_SECONDS, Day


@dataclass(frozen=True, slots=True)
class Month:
    """Sums over the days of a month; `allowed`: bad events that each day's objective allowed for its events."""

    good: float = 0.0
    total: float = 0.0
    allowed: float = 0.0
    excluded_good: float = 0.0
    excluded_total: float = 0.0
    measured_seconds: float = 0.0

    def plus(self, day: Day) -> Month:
        """Return the sums with one more day."""
        return replace(
            self,
            good=self.good + day.good,
            total=self.total + day.total,
            allowed=self.allowed + day.total * (1 - day.objective),
            excluded_good=self.excluded_good + day.excluded_good,
            excluded_total=self.excluded_total + day.excluded_total,
            measured_seconds=self.measured_seconds + day.measured_seconds,
        )

    @property
    def share(self) -> float | None:
        """Return the share of good events without the excluded ones, or None without an event."""
        return self.good / self.total if self.total > 0 else None

    @property
    def share_with_excluded(self) -> float | None:
        """Return the share of good events with the excluded ones, or None without an event."""
        total = self.total + self.excluded_total
        return (self.good + self.excluded_good) / total if total > 0 else None

    @property
    def objective(self) -> float | None:
        """Return the objective, that of each day weighing as its events do, or None without an event."""
        return 1 - self.allowed / self.total if self.total > 0 else None

    @property
    def budget_spent(self) -> float | None:
        """Return bad events as a share of those allowed, or None without an event."""
        return (self.total - self.good) / self.allowed if self.allowed > 0 else None

    @property
    def measured_days(self) -> float:
        """Return the time that was measured, in days."""
        return self.measured_seconds / DAY_SECONDS


def months_of(days: Iterable[Day]) -> dict[tuple[str, str], Month]:
    """Return the sums by target and month."""
    found: dict[tuple[str, str], Month] = {}
    for day in days:
        key = day.target, day.month
        found[key] = found.get(key, Month()).plus(day)
    return found
