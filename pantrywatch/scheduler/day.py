"""What was measured of one target on one day, in UTC: a line of the long memory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

DAY_SECONDS = 86400
MOST_LINE_BYTES = 1024
KEPT_MONTHS = 13  # with the current one

_TARGET = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NUMBERS = ("good", "total", "objective", "measured_seconds", "excluded_good", "excluded_total")
_LARGEST = 1e300
_DIGITS = 4  # events are estimated from counters: no whole numbers


@dataclass(frozen=True, slots=True)
class Day:
    """Events of a target on a day without the excluded ones, and those next to them; `objective` as it was then.

    `measured_seconds`: the time of the day that was measured and not excluded. A day without traffic has a total of 0.
    """

    on: date
    target: str
    good: float
    total: float
    objective: float
    measured_seconds: float
    excluded_good: float = 0.0
    excluded_total: float = 0.0

    @property
    def key(self) -> tuple[date, str]:
        """Return what there is one line of."""
        return self.on, self.target

    @property
    def month(self) -> str:
        """Return the calendar month, such as 2026-11."""
        return f"{self.on:%Y-%m}"

    @property
    def share(self) -> float | None:
        """Return the share of good events, or None without an event."""
        return self.good / self.total if self.total > 0 else None

    def line(self) -> bytes:
        """Return the line, with its end."""
        numbers = {name: round(float(getattr(self, name)), _DIGITS) for name in _NUMBERS}
        share = None if self.share is None else round(self.share, 6)
        fields = {"date": self.on.isoformat(), "target": self.target, "share": share, **numbers}
        return json.dumps(fields).encode() + b"\n"


def parse_day(line: bytes) -> Day:
    """Return the day of a line. Raises ValueError saying what was expected of it."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("expected JSON") from None
    if not isinstance(fields, dict) or fields.keys() != {"date", "target", "share", *_NUMBERS}:
        raise ValueError("expected the fields of a day")
    numbers = {name: _number(fields[name], name) for name in _NUMBERS}
    return checked(Day(_date(fields["date"]), str(fields["target"]), **numbers))


def checked(day: Day) -> Day:
    """Return the day. Raises ValueError for values that no day has."""
    if not _TARGET.fullmatch(day.target):
        raise ValueError("expected the ID of a target")
    slack = 10.0**-_DIGITS
    if not (0 <= day.good <= day.total + slack and 0 <= day.excluded_good <= day.excluded_total + slack):
        raise ValueError("expected from 0 to all events to be good")
    if not (0 < day.objective < 1 and 0 <= day.measured_seconds <= DAY_SECONDS):
        raise ValueError("expected an objective between 0 and 1, and at most a day to be measured")
    return day


def day_of(timestamp_seconds: float) -> date:
    """Return the day, in UTC, that a Unix time is in. Raises ValueError for times that no calendar has."""
    try:
        return datetime.fromtimestamp(timestamp_seconds, UTC).date()
    except (OverflowError, OSError) as error:
        raise ValueError("expected a Unix time") from error


def end_of(day: date) -> float:
    """Return the Unix time at which the day has ended, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + DAY_SECONDS


def days_between(first: date, last: date) -> list[date]:
    """Return the days from `first` to `last`, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def first_kept(newest: date) -> date:
    """Return the first day of the 13 calendar months that end with the newest day's."""
    months = newest.year * 12 + newest.month - KEPT_MONTHS
    return date(months // 12, months % 12 + 1, 1)


def _date(text: Any) -> date:
    try:
        found = date.fromisoformat(text)
    except (TypeError, ValueError):
        found = date.min
    # The other forms of ISO 8601 are not expected.
    if not 2000 <= found.year < 9999 or found.isoformat() != text:
        raise ValueError("expected a date such as 2026-11-28")
    return found


def _number(value: Any, name: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A whole number of more digits than a float has room for is an error of the conversion.
    if not is_number or not abs(value) <= _LARGEST:
        raise ValueError(f"expected {name} to be a number")
    return float(value)
