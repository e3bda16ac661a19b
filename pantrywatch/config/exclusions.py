"""The `exclude` section of settings.yaml: planned maintenance that does not count in error budgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from exporters.core.decoder import RecordCheck
from exporters.core.field_checks import expect_name, expect_target_id, unique
from pantrywatch.config.notifications.schedules import DAYS, Day, is_a_window, span_of

MOST_EXCLUSIONS = 50
_END_OF_DAY = "24:00"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A window whose events do not count in error budgets: once, or each week with `days`."""

    name: Annotated[str, "What is planned, as a name; a label of its metrics.", expect_name]
    begins: Annotated[str, "Date and time, such as `2026-12-31 22:00`; with `days` a time, such as `22:00`."]
    ends: Annotated[str, "Date and time, at most 31 days later; with `days` a time on the same day."]
    days: Annotated[tuple[Day, ...], "The days of the week it repeats on; none: it does not."] = ()
    targets: Annotated[
        tuple[Annotated[str, expect_target_id], ...], "IDs of the targets concerned; none: all of them.", unique
    ] = ()

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (is_a_window,)

    def window(self, now: float, zone: ZoneInfo) -> tuple[float, float] | None:
        """Return begin and end, Unix times, of the window that it is now, or else of the next one; None after the last.

        A time that a clock change skips or repeats is the first that a clock could show for it.
        """
        for begin, end in self._spans(datetime.fromtimestamp(now, zone).date()):
            span = begin.replace(tzinfo=zone).timestamp(), end.replace(tzinfo=zone).timestamp()
            if span[0] < span[1] and now < span[1]:
                return span
        return None

    def _spans(self, today: date) -> list[tuple[datetime, datetime]]:
        """Return begin and end, without a zone, of the windows that are near."""
        if not self.days:
            return [span_of(self.begins, self.ends)]
        near = [today + timedelta(days=number) for number in range(-1, 15)]
        return [(_at(day, self.begins), _at(day, self.ends)) for day in near if DAYS[day.weekday()] in self.days]


def _at(day: date, text: str) -> datetime:
    if text == _END_OF_DAY:
        return datetime.combine(day + timedelta(days=1), time())
    return datetime.combine(day, time.fromisoformat(text))
