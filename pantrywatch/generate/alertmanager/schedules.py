"""Office hours, digest times and maintenance windows as Alertmanager time intervals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from pantrywatch.config.notifications.schedules import Maintenance
from pantrywatch.config.notifications.settings import Notifications

OFFICE_HOURS = "office hours"
# A group is flushed every so many minutes: in a window one minute longer at least once, and sometimes twice. The
# second flush sends something only if an alert was added.
DIGEST_MINUTES = 15
_END_OF_DAY = "24:00"


def digest_name(severity: str) -> str:
    """Return the name of the interval in which the digest of a severity is sent."""
    return f"digest of {severity}"


def maintenance_names(section: Notifications) -> list[str]:
    """Return the names of the maintenance windows, with their reasons."""
    return [f"maintenance {number}: {window.reason}" for number, window in enumerate(section.maintenance, 1)]


def time_intervals(section: Notifications) -> list[dict[str, Any]]:
    """Return every interval by name, all in the time zone of the office hours."""
    hours = section.office_hours
    intervals = [_named(section, OFFICE_HOURS, [_weekly(hours.days, hours.opens, hours.closes)])]
    for severity, escalation in section.escalations():
        if escalation.daily_at:
            end = datetime.strptime(escalation.daily_at, "%H:%M") + timedelta(minutes=DIGEST_MINUTES + 1)  # noqa: DTZ007
            days = hours.days if escalation.office_hours else ()
            daily = _weekly(days, escalation.daily_at, end.strftime("%H:%M"))
            intervals.append(_named(section, digest_name(severity), [daily]))
    for name, window in zip(maintenance_names(section), section.maintenance, strict=True):
        intervals.append(_named(section, name, list(_maintenance(window))))
    return intervals


def _named(section: Notifications, name: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    zone = section.office_hours.time_zone
    return {"name": name, "time_intervals": [part | {"location": zone} for part in parts]}


def _weekly(days: tuple[str, ...], begin: str, end: str) -> dict[str, Any]:
    times = {"times": [{"start_time": begin, "end_time": end}]}
    return ({"weekdays": list(days)} if days else {}) | times


def _maintenance(window: Maintenance) -> Iterator[dict[str, Any]]:
    """Yield the parts of a window: an Alertmanager interval cannot cross midnight."""
    if window.days:
        yield _weekly(window.days, window.begins, window.ends)
        return
    begin, end = window.span()
    day = begin.date()
    while day <= end.date():
        first = begin.strftime("%H:%M") if day == begin.date() else "00:00"
        last = end.strftime("%H:%M") if day == end.date() else _END_OF_DAY
        if first < last:
            yield _on(day) | _weekly((), first, last)
        day += timedelta(days=1)


def _on(day: date) -> dict[str, Any]:
    return {"years": [str(day.year)], "months": [str(day.month)], "days_of_month": [str(day.day)]}
