"""When a page is ready for its user, computed from the browser's records; all times in seconds since navigation.

Time to interactive, as defined by Lighthouse: after the first contentful paint, find the first five seconds in which no
task blocks the page for more than 50 ms and at most two requests are in progress; the result is the end of the last
long task before them, or the paint or the end of DOMContentLoaded if that was later.
https://github.com/GoogleChrome/lighthouse/blob/main/core/computed/metrics/interactive.js
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

QUIET_SECONDS = 5.0
_REQUESTS_IN_A_QUIET_TIME = 2
_LONG_TASK_SECONDS = 0.05
# A window of layout shifts: each within a second of the previous one, five seconds in all. https://web.dev/articles/cls
_SHIFT_GAP_SECONDS = 1.0
_SHIFT_WINDOW_SECONDS = 5.0

Span = tuple[float, float]


def time_to_interactive(
    paint: float, ready: float, tasks: Sequence[Span], requests: Sequence[Span], now: float
) -> float | None:
    """Return time to interactive, or None until five quiet seconds have passed. `ready`: end of DOMContentLoaded.

    `tasks` are the long ones; a request in progress ends at infinity.
    """
    for task_begin, task_end in _gaps(tasks, now):
        for begin, end in _gaps(_crowded(requests), now):
            if min(task_end, end) - max(task_begin, begin, paint) >= QUIET_SECONDS:
                return max(task_begin, paint, ready)
    return None


def total_blocking_time(paint: float, interactive: float, tasks: Iterable[Span]) -> float:
    """Return the sum of what tasks between first paint and interactive exceeded 50 ms by."""
    clipped = ((max(begin, paint), min(end, interactive)) for begin, end in tasks)
    return sum(max(0.0, end - begin - _LONG_TASK_SECONDS) for begin, end in clipped)


def cumulative_layout_shift(shifts: Iterable[tuple[float, float]]) -> float:
    """Return the sum of the worst window of shifts, each a time and a score."""
    worst = window = 0.0
    first = last = float("-inf")
    for at, score in shifts:
        if at - last > _SHIFT_GAP_SECONDS or at - first > _SHIFT_WINDOW_SECONDS:
            first, window = at, 0.0
        window += score
        last, worst = at, max(worst, window)
    return worst


def _gaps(spans: Sequence[Span], now: float) -> list[Span]:
    """Return the gaps between consecutive spans, from 0 to now."""
    bounds = [(0.0, 0.0), *sorted(spans), (now, now)]
    return [(end, begin) for (_, end), (begin, _) in pairwise(bounds) if begin > end]


def _crowded(requests: Sequence[Span]) -> list[Span]:
    """Return the periods in which more requests are in progress than a quiet period allows."""
    changes = sorted([(begin, 1) for begin, _ in requests] + [(end, -1) for _, end in requests])
    crowded: list[Span] = []
    under_way, since = 0, 0.0
    for at, change in changes:
        before, under_way = under_way, under_way + change
        if before == _REQUESTS_IN_A_QUIET_TIME and change > 0:
            since = at
        elif under_way == _REQUESTS_IN_A_QUIET_TIME and change < 0:
            crowded.append((since, at))
    return crowded
