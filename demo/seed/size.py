"""The size of the seed, and its calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

SEED_DAYS = 365


@dataclass(frozen=True, slots=True)
class Size:
    """Rows per table; tests use a small scale."""

    organizations: int
    contacts: int
    interactions: int
    opportunities: int
    products: int = 300
    sales_reps: int = 32

    @staticmethod
    def scaled(scale: float) -> Size:
        """The full size at 1.0."""
        return Size(
            organizations=max(40, int(5_000 * scale)),
            contacts=max(80, int(20_000 * scale)),
            interactions=max(200, int(100_000 * scale)),
            opportunities=max(60, int(6_000 * scale)),
        )


class Calendar:
    """The working days of the year before the seed day, in the time zone of `now`, which is the sales staff's."""

    def __init__(self, now: datetime) -> None:
        self.day = now.date()
        self._zone = now.tzinfo
        days = (self.day - timedelta(days=back) for back in range(SEED_DAYS, 0, -1))
        self.working_days = [each for each in days if each.weekday() < 5]

    def at(self, day: date, minute_of_day: int) -> datetime:
        return datetime.combine(day, time(minute_of_day // 60, minute_of_day % 60), tzinfo=self._zone)

    def morning(self, days_back: int) -> datetime:
        """Nine o'clock that many days before the seed day."""
        return self.at(self.day - timedelta(days=days_back), 9 * 60)
