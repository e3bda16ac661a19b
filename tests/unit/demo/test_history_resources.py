"""Each made-up series of what fills up has the properties of its kind, and its truth is what happens."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest

from demo.history.activity import DAY
from demo.history.resources import KINDS, Clock, Resource, resources

CLOCK = Clock(1_796_000_400, ahead_days=40)


@pytest.fixture(scope="module")
def series() -> tuple[Resource, ...]:
    return resources(7, CLOCK, 40)


def _of(series: tuple[Resource, ...], kind: str) -> list[Resource]:
    return [one for one in series if one.kind == kind]


def test_a_seed_and_a_number_are_all_that_a_series_depends_on(series: tuple[Resource, ...]) -> None:
    """The same again; fewer are the first of them; another seed gives others."""
    assert resources(7, CLOCK, 2) == series[:2]
    assert resources(8, CLOCK, 1)[0].values != series[0].values


def test_forty_series_have_all_kinds(series: tuple[Resource, ...]) -> None:
    """KINDS says how often each kind is among forty."""
    assert {kind: len(_of(series, kind)) for kind in KINDS} == KINDS
    assert all(len(one.times) == len(one.values) == 35 * 24 for one in series)
    assert all(len(one.later_times) == len(one.later) == 40 * 24 for one in series)
    assert all(one.times[-1] == CLOCK.end < one.later_times[0] for one in series)


def test_what_grows_reaches_its_limit_and_the_rest_never_does(series: tuple[Resource, ...]) -> None:
    """`reached` is in the future, and the values afterwards show it; no other series touches its limit."""
    for one in series:
        assert (one.reached is not None) == (one.trend_per_day > 0) == one.kind.startswith("line")
        assert max(one.values) < one.limit * 1.0001
        if one.reached is None:
            assert max(one.later) < one.limit
        elif one.reached < CLOCK.end + 35 * DAY:
            near = [
                value for time, value in zip(one.later_times, one.later, strict=True) if abs(time - one.reached) < DAY
            ]
            assert max(near) > 0.97 * one.limit
            assert one.reached > CLOCK.end


def test_a_line_grows_by_its_trend(series: tuple[Resource, ...]) -> None:
    """From the first week to the last a line gains its trend, give or take its noise."""
    for one in _of(series, "line"):
        week = 7 * 24
        gained = statistics.mean(one.values[-week:]) - statistics.mean(one.values[:week])
        assert gained == pytest.approx(28 * one.trend_per_day, rel=0.3, abs=0.03 * one.limit)


def test_a_sawtooth_falls_again_and_again_and_does_not_grow(series: tuple[Resource, ...]) -> None:
    """Cleanups are the largest falls, and the highs of the two halves are alike."""
    for one in _of(series, "sawtooth"):
        height = max(one.values) - min(one.values)
        falls = sum(before - after > 0.5 * height for before, after in zip(one.values, one.values[3:], strict=False))
        assert falls >= 2
        half = len(one.values) // 2
        assert max(one.values[:half]) == pytest.approx(max(one.values[half:]), abs=0.25 * height)


def test_a_step_lasts_and_a_copy_goes(series: tuple[Resource, ...]) -> None:
    """After the last step the level stays; a copy is removed within three days."""
    for one in _of(series, "step"):
        after = [value for time, value in zip(one.times, one.values, strict=True) if time > one.regime_start]
        before = [value for time, value in zip(one.times, one.values, strict=True) if time <= one.regime_start]
        assert one.times[0] < one.regime_start <= CLOCK.end - 3 * DAY
        assert abs(after[0] - before[-1]) > 5 * statistics.median(abs(one - two) for one, two in pairwise(after))
    for one in _of(series, "copy"):
        values = (*one.values, *one.later)
        middle = statistics.median(values)
        high = [at for at, value in enumerate(values) if value > middle + 0.5 * (max(values) - middle)]
        assert high[-1] - high[0] <= 3 * 24
        assert max(values) > 1.05 * middle


def test_a_weekly_series_repeats(series: tuple[Resource, ...]) -> None:
    """An hour is like the same hour a week before, and unlike half a week before."""
    for one in _of(series, "weekly"):
        week = [abs(new - old) for new, old in zip(one.values[168:], one.values, strict=False)]
        half = [abs(new - old) for new, old in zip(one.values[84:], one.values, strict=False)]
        assert statistics.mean(week) < statistics.mean(half)


def test_noise_stays_where_it_is(series: tuple[Resource, ...]) -> None:
    """Noise only: the second half is where the first was."""
    for one in _of(series, "noise"):
        half = len(one.values) // 2
        assert statistics.mean(one.values[:half]) == pytest.approx(
            statistics.mean(one.values[half:]), abs=0.02 * one.limit
        )


def test_too_few_days_are_refused() -> None:
    """Steps and copies need room."""
    with pytest.raises(ValueError, match="14 days"):
        resources(1, Clock(0, days=13))
