"""When a page is interactive, and how much it blocked and shifted: from what the browser recorded."""

from __future__ import annotations

import math

import pytest

from exporters.browser.web_vitals import (
    Span,
    cumulative_layout_shift,
    time_to_interactive,
    total_blocking_time,
)

OPEN = math.inf


@pytest.mark.parametrize(
    ("tasks", "requests", "now", "expected"),
    [
        ([], [], 6.0, 1.0),  # the paint: nothing came after it
        ([], [], 5.9, None),  # not five quiet seconds yet
        ([(1.5, 1.7)], [], 6.7, 1.7),  # the end of the last long task
        ([(1.5, 1.7)], [], 6.6, None),
        ([(0.2, 0.4)], [], 6.0, 1.0),  # a task before the paint says nothing
        ([(1.5, 1.7), (6.0, 6.1), (8.0, 8.5)], [], 13.5, 8.5),  # each of the gaps before is too short
        ([(1.5, 1.7), (7.0, 7.1)], [], 9.0, 1.7),  # a task after the quiet time does not count
        ([], [(0.0, OPEN), (0.1, OPEN)], 6.0, 1.0),  # two requests are quiet
        ([], [(0.0, OPEN), (0.1, OPEN), (0.2, OPEN)], 60.0, None),  # three are not
        ([], [(0.0, 3.0), (0.1, 4.0), (0.2, 5.0)], 8.0, 1.0),  # quiet since 3: the page reacted before
        ([], [(0.0, 3.0), (0.1, 4.0), (0.2, 5.0)], 7.9, None),
        ([(1.2, 1.4)], [(0.0, 3.0), (0.1, 4.0), (0.2, 5.0)], 8.0, 1.4),
    ],
)
def test_time_to_interactive(tasks: list[Span], requests: list[Span], now: float, expected: float | None) -> None:
    """The end of the last long task before five seconds without one and with at most two requests under way."""
    assert time_to_interactive(1.0, 0.8, tasks, requests, now) == expected


def test_it_is_not_before_the_document_is_ready() -> None:
    """The end of DOMContentLoaded counts where it is later than paint and tasks."""
    assert time_to_interactive(1.0, 2.5, [(1.1, 1.2)], [], 9.0) == 2.5


def test_blocking_is_what_goes_beyond_50_ms_between_paint_and_interactive() -> None:
    """Tasks are cut at both; short ones add nothing."""
    tasks = [(0.0, 0.5), (0.9, 1.1), (2.0, 2.2), (3.0, 3.04), (4.0, 4.3)]
    assert total_blocking_time(1.0, 4.2, tasks) == pytest.approx(0.05 + 0.15 + 0.15)


def test_the_worst_window_of_shifts_counts() -> None:
    """Shifts within a second of each other add up, over five seconds at most; the worst sum is the score."""
    assert cumulative_layout_shift([]) == 0
    assert cumulative_layout_shift([(0.1, 0.1), (0.9, 0.1), (3.0, 0.15)]) == pytest.approx(0.2)
    long_row = [(second * 0.9, 0.1) for second in range(10)]  # 0 to 8.1 s
    assert cumulative_layout_shift(long_row) == pytest.approx(0.6)
