"""When people may be notified: office hours, maintenance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, get_args

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import some_entries

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = get_args(Day)

_TIME = re.compile(r"(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")
_MOMENT = "%Y-%m-%d %H:%M"
_LONGEST_MAINTENANCE = timedelta(days=31)


def expect_time(text: str) -> None:
    """Raise ValueError unless this is a time of the day such as `09:00`."""
    if not _TIME.match(text):
        raise ValueError(f"expected a time such as 09:00, got {text!r}")


def _opens_before_it_closes(opens: str, closes: str) -> Problems:
    if opens >= closes:
        yield "closes", _after(opens, closes)


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When to notify of what can wait."""

    time_zone: Annotated[str, "IANA name of the time zone, such as `Europe/Berlin`."]
    days: Annotated[tuple[Day, ...], "The days of work.", some_entries("day")] = DAYS[:5]
    opens: Annotated[str, "The start of each day.", expect_time] = "08:00"
    closes: Annotated[str, "The end of each day, at most `24:00`.", expect_time] = "18:00"

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_opens_before_it_closes,)


def _expect_reason(reason: str) -> None:
    if not reason.strip() or "\n" in reason:
        raise ValueError("expected a reason, in one line")


def is_a_window(begins: str, ends: str, days: tuple[Day, ...]) -> Problems:
    """Yield what is wrong with the two texts, and with their order."""
    places = (("begins", begins), ("ends", ends))
    form = "a time such as 22:00, for there are days" if days else "a date and time such as 2026-12-31 22:00"
    wrong = [(place, text) for place, text in places if not (_TIME.match(text) if days else _moment(text))]
    for place, text in wrong:
        yield place, f"expected {form}, got {text!r}"
    if wrong:
        return
    if days and begins >= ends:
        yield "ends", _after(begins, ends)
    begin, end = _moment(begins), _moment(ends)
    if begin and end and begin >= end:
        yield "ends", f"expected begins before ends, got {begins} and {ends}"
    if begin and end and end - begin > _LONGEST_MAINTENANCE:
        yield "ends", f"expected at most 31 days, got {(end - begin).days}"


@dataclass(frozen=True, slots=True)
class Maintenance:
    """When nobody is notified of anything: once, or each week with `days`."""

    reason: Annotated[str, "Why, in one line.", _expect_reason]
    begins: Annotated[str, "Date and time, such as `2026-12-31 22:00`; with `days` a time, such as `22:00`."]
    ends: Annotated[str, "Date and time, at most 31 days later; with `days` a time on the same day."]
    days: Annotated[tuple[Day, ...], "The days of the week it repeats on; none: it does not."] = ()

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (is_a_window,)

    def span(self) -> tuple[datetime, datetime]:
        """Return start and end of a dated window, in the time zone of the office hours. Raises ValueError."""
        return span_of(self.begins, self.ends)


def span_of(begins: str, ends: str) -> tuple[datetime, datetime]:
    """Return start and end of a dated window. Raises ValueError."""
    begin, end = _moment(begins), _moment(ends)
    if begin is None or end is None:
        raise ValueError("expected begins and ends such as 2026-12-31 22:00")
    return begin, end


def overlaps(windows: Sequence[Maintenance]) -> Problems:
    """Yield the dated windows that start before an earlier one has ended."""
    dated = [(number, one) for number, one in enumerate(windows) if not getattr(one, "days", True)]
    spans = []
    for number, window in dated:
        begin, end = (_moment(getattr(window, name, "")) for name in ("begins", "ends"))
        if begin and end:
            spans.append((begin, end, number))
    for index, (begin, _, number) in enumerate(sorted(spans)):
        for _, end, before in sorted(spans)[:index]:
            if begin < end:
                yield f"[{number}]", f"expected no overlap with maintenance[{before}]: merge the two windows"
                break


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _MOMENT)  # noqa: DTZ007 - the zone is that of the office hours
    except ValueError:
        return None


def _after(begin: str, end: str) -> str:
    return f"expected a time after {begin}, got {end}: split a window that crosses midnight in two"
