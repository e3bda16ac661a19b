"""The `report` section of settings.yaml: which report is sent by mail, when, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from exporters.core.field_checks import between, some_entries, unique
from pantrywatch.config.notifications.schedules import DAYS

ReportDay = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "first"]
_LOOK_BACK_DAYS = 32


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """The report that the scheduler sends."""

    to: Annotated[
        tuple[str, ...], "Names of contacts of `notifications` with an email address.", some_entries("contact"), unique
    ]
    period: Annotated[
        Literal["7d", "30d", "month"],
        "The days until then; or the calendar month (UTC), on the first of a month the one before.",
    ] = "month"
    day: Annotated[ReportDay, "A day of the week, or `first`: the first of each month."] = "first"
    hour: Annotated[
        int, "The hour of the day, in the time zone of `notifications.office_hours`.", between(0, 23)
    ] = 7  # fmt: skip
    locale: Annotated[Literal["en", "de"], "The language of texts, numbers and dates."] = "en"

    def last_due(self, now: float, zone: ZoneInfo) -> float:
        """Return the Unix time at which it was last to be sent."""
        today = datetime.fromtimestamp(now, zone).date()
        days = (today - timedelta(days=number) for number in range(_LOOK_BACK_DAYS))
        times = (datetime.combine(day, time(self.hour), zone).timestamp() for day in days if self._is_due_on(day))
        return next(due for due in times if due <= now)

    def _is_due_on(self, day: date) -> bool:
        return day.day == 1 if self.day == "first" else DAYS[day.weekday()] == self.day
