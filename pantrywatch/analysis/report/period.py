"""The time that a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

PeriodName = Literal["7d", "30d", "month"]
PERIODS: tuple[PeriodName, ...] = get_args(PeriodName)
_DAY_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`, in Unix seconds; the month is a calendar month in UTC."""

    name: PeriodName
    start: float
    end: float

    @property
    def asked_at(self) -> float:
        """Return the last moment that is in the period: at the end of a month another one begins."""
        return self.end - 0.001

    @property
    def seconds(self) -> float:
        """Return its length."""
        return self.end - self.start

    @property
    def days(self) -> float:
        """Return its length in days."""
        return self.seconds / _DAY_SECONDS

    @property
    def before(self) -> Period:
        """Return the period to compare with: as many days before it, or the whole month before."""
        if self.name == "month":
            return Period("month", _month_of(self.start - 1).timestamp(), self.start)
        return Period(self.name, self.start - self.seconds, self.start)


def period_of(name: PeriodName, now: float) -> Period:
    """Return the days until now; or this month until now, on its first day the whole month before."""
    if name != "month":
        return Period(name, now - int(name.removesuffix("d")) * _DAY_SECONDS, now)
    first = _month_of(now)
    if now - first.timestamp() >= _DAY_SECONDS:
        return Period(name, first.timestamp(), now)
    return Period(name, _month_of((first - timedelta(days=1)).timestamp()).timestamp(), first.timestamp())


def _month_of(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
