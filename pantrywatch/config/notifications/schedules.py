"""When people may be told: office hours, maintenance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pantrywatch.config.notifications.validation import expect

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TIME = re.compile(r"(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")

_MOMENT = "%Y-%m-%d %H:%M"
_LONGEST_MAINTENANCE = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When what can wait is told."""

    time_zone: str
    days: tuple[str, ...] = DAYS[:5]
    opens: str = "08:00"
    closes: str = "18:00"

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        _expect_days(self.days)
        _expect_times(self.opens, self.closes)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """When nobody is told anything: from one date and time to another, or with `days` each week between two times."""

    reason: str
    begins: str
    ends: str
    days: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        expect(bool(self.reason.strip()) and "\n" not in self.reason, "a reason, in one line")
        if self.days:
            _expect_days(self.days)
            _expect_times(self.begins, self.ends)
            return
        begin, end = self.span()
        expect(begin < end, f"begins before ends in {self.reason!r}")
        expect(end - begin <= _LONGEST_MAINTENANCE, f"at most 31 days for {self.reason!r}")

    def span(self) -> tuple[datetime, datetime]:
        """Return begin and end of a dated window, in the time zone of the office hours. Raises ValueError."""
        try:
            return datetime.strptime(self.begins, _MOMENT), datetime.strptime(self.ends, _MOMENT)  # noqa: DTZ007
        except ValueError:
            raise ValueError("expected begins and ends such as 2026-12-31 22:00, or HH:MM with days") from None


def _expect_days(days: tuple[str, ...]) -> None:
    unknown = [day for day in days if day not in DAYS]
    expect(bool(days) and not unknown, f"days among {', '.join(DAYS)}" + (f", got {unknown[0]!r}" if unknown else ""))


def _expect_times(begin: str, end: str) -> None:
    for time in (begin, end):
        expect(bool(TIME.match(time)), f"a time such as 09:00, got {time!r}")
    expect(begin < end, f"a time after {begin}, got {end}: what passes midnight is two")
