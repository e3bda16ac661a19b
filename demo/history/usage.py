"""What the rules of the business would have recorded of each activity: completed requests of an hour, and late ones."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from demo.history.blocks import Series, steps
from demo.history.promises import MINUTE, Past

# The group: interval, and when in it.
_USAGE = (300, 13)
_HOUR = 60


class _Activity(NamedTuple):
    """The targets whose bad events are its late requests, and its failed ones."""

    name: str
    late: str
    failed: str = ""


# Those whose requests the past has, sorted by name.
_ACTIVITIES = (
    _Activity("Accounts opened", "api-latency", "api-error-rate"),
    _Activity("Interactions logged", "form-submission"),
    _Activity("Searches", "search-response"),
)


def usage(past: Past, start: int, end: int) -> Iterator[Series]:
    """Yield both series of each activity from `start` on, before `end` (unix seconds), those of one name together."""
    times = steps(max(start, past.start + 300), min(end, past.end), *_USAGE)
    first = (times.first - past.start) // MINUTE
    minutes = range(first, first + 5 * len(times.lines), 5)
    for activity in _ACTIVITIES:
        completed = [_completed(past, activity, minute) for minute in minutes]
        yield Series("action:requests_completed:increase1h", f'action="{activity.name}"', times, completed)
    for activity in _ACTIVITIES:
        late = [_late(past, activity, minute) for minute in minutes]
        yield Series("action:requests_late:ratio_rate1h", f'action="{activity.name}"', times, late)


def _completed(past: Past, activity: _Activity, minute: int) -> int:
    failed = _increase(past.counts[activity.failed].bad, minute) if activity.failed else 0
    return _increase(past.counts[activity.late].total, minute) - failed


def _late(past: Past, activity: _Activity, minute: int) -> float | None:
    """Return the share of late requests, None without any."""
    counts = past.counts[activity.late]
    total = _increase(counts.total, minute)
    return _increase(counts.bad, minute) / total if total else None


def _increase(counts: array[int], minute: int) -> int:
    """Return the events of the hour before a minute, as far as the past has it."""
    return counts[minute] - counts[max(0, minute - _HOUR)]
