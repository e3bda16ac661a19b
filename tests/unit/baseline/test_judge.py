"""How often an hour is outside its band, by whole weeks."""

from __future__ import annotations

import math

from pantrywatch.analysis.baseline.bands import HISTORY_HOURS, WEEK_HOURS, Hours
from pantrywatch.analysis.baseline.hours import Signal
from pantrywatch.analysis.baseline.judge import Judged, judged


def _signal(weeks: float, unusual: tuple[int, ...] = ()) -> Signal:
    """Return a gauge that follows the day, and is twice as high in some hours."""
    hours = range(int(weeks * WEEK_HOURS))
    values: list[float | None] = [
        (2.0 if hour in unusual else 1.0) * (10 + 5 * math.sin(hour * math.tau / 24)) for hour in hours
    ]
    return Signal("connections", values)


def _judged(signal: Signal, holiday: tuple[int, ...] = ()) -> Judged:
    return judged(signal, [hour in holiday for hour in range(len(signal.values))])


def test_no_week_is_judged_before_five_are_known() -> None:
    """Five weeks and a part of the sixth are too early; a whole sixth one is judged, every hour of it."""
    assert _judged(_signal(5.9)) == Judged("connections")
    assert _judged(_signal(6.0)) == Judged("connections", weeks=1, hours=WEEK_HOURS)
    assert _judged(_signal(7.5)) == Judged("connections", weeks=2, hours=2 * WEEK_HOURS)


def test_weeks_count_from_the_first_hour_that_is_known() -> None:
    """What was recorded later than the first hour asked for has fewer weeks; a series without any value has none."""
    signal = _signal(6.0)
    signal.values[:0] = [None] * 300
    assert _judged(signal) == Judged("connections", weeks=1, hours=WEEK_HOURS)
    assert _judged(Signal("empty", [None] * 1000)) == Judged("empty")


def test_an_hour_outside_its_band_counts_unless_it_is_of_a_holiday() -> None:
    """Three doubled hours of the sixth week are outside; those of a holiday are not judged."""
    unusual = tuple(HISTORY_HOURS + hour for hour in (10, 20, 30))
    assert _judged(_signal(6.0, unusual)) == Judged("connections", 1, WEEK_HOURS, 3)
    assert _judged(_signal(6.0, unusual), unusual[:2]) == Judged("connections", 1, WEEK_HOURS - 2, 1)


def test_a_signal_of_few_events_has_no_band() -> None:
    """With 99 events in the usual hour nothing is judged; with 100 every hour is."""
    signal = _signal(6.0)
    signal.events = [99.0] * len(signal.values)
    assert _judged(signal) == Judged("connections", weeks=1)
    signal.events = [100.0] * len(signal.values)
    assert _judged(signal) == Judged("connections", 1, WEEK_HOURS)


def test_an_hour_without_a_band_says_why() -> None:
    """Young data, few events, and too many missing hours are told apart; an hour with a band has no reason."""
    signal = _signal(6.0)
    free = [False] * len(signal.values)
    reasons = list(Hours(signal.values, None, free).reasons())
    assert (reasons[HISTORY_HOURS - 1], reasons[-1]) == ("under five weeks of data", None)
    few = list(Hours(signal.values, [99.0] * len(signal.values), free).reasons())
    assert few[-1] == "fewer than 100 events in the usual hour"
    missing = [None if 2 * WEEK_HOURS <= hour < 4 * WEEK_HOURS else v for hour, v in enumerate(signal.values)]
    assert list(Hours(missing, None, free).reasons())[-1] == "fewer than three of the four weeks"
