"""The made-up past of a CRM's signals has the properties it is said to have."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from demo.history.golden import History, history
from demo.history.injection import Wanted, inject, is_ordinary

END = 1_796_000_400.0
WEEK_HOURS = 168


def _hours(past: History, name: str, *, wanted: range, workdays: bool) -> list[float]:
    """Values of ordinary hours of the day, on working days or on weekends."""
    found = []
    for time, value in zip(past.times, past.signals[name].values, strict=True):
        moment = datetime.fromtimestamp(time - past.step_seconds, UTC)
        fits = (
            moment.hour in wanted and (moment.weekday() < 5) is workdays and is_ordinary(past, int(moment.timestamp()))
        )
        if fits and value is not None:
            found.append(value)
    return found


@pytest.fixture(scope="module")
def past() -> History:
    return history(11, END, days=56)


def test_the_same_seed_gives_the_same_past_and_another_seed_another(past: History) -> None:
    """A seed and a time are all that a past depends on."""
    assert history(11, END, days=56) == past
    other = history(12, END, days=56)
    assert other.signals["requests"].values != past.signals["requests"].values
    assert other.incidents != past.incidents


def test_steps_end_at_the_time_asked_for_and_fill_the_days(past: History) -> None:
    """Times are whole steps, the last at or before the end; finer steps cover the same days."""
    finer = history(11, END, days=14, step_seconds=300)
    assert past.times[-1] == END // 3600 * 3600
    assert len(past.times) == 56 * 24
    assert finer.times[-1] == END // 300 * 300
    assert len(finer.times) == 14 * 288
    assert all(len(signal.values) == len(signal.events) == 56 * 24 for signal in past.signals.values())
    per_hour = sum(value or 0 for value in finer.signals["requests"].values) / (14 * 24)
    coarse = [value or 0 for value in past.signals["requests"].values[: 14 * 24]]
    assert per_hour == pytest.approx(statistics.mean(coarse), rel=0.1)


def test_office_hours_are_busy_nights_and_weekends_quiet_and_all_grows(past: History) -> None:
    """The daily and weekly rhythm and the growth a week are those that were asked for."""
    office = statistics.median(_hours(past, "requests", wanted=range(9, 11), workdays=True))
    night = statistics.median(_hours(past, "requests", wanted=range(1, 4), workdays=True))
    weekend = statistics.median(_hours(past, "requests", wanted=range(9, 11), workdays=False))
    assert night < 0.1 * office
    assert weekend < 0.2 * office
    values = [value or 0 for value in past.signals["requests"].values]
    weeks = [sum(values[at : at + WEEK_HOURS]) for at in range(0, len(values), WEEK_HOURS)]
    assert weeks[7] / weeks[0] == pytest.approx(1.05**7, rel=0.1)
    flat = [value or 0 for value in history(11, END, days=56, growth_per_week=0).signals["requests"].values]
    assert sum(flat[-WEEK_HOURS:]) / sum(flat[:WEEK_HOURS]) == pytest.approx(1, rel=0.1)


def test_the_holiday_is_a_working_day_as_quiet_as_a_weekend(past: History) -> None:
    """One public holiday, off the ends of the past."""
    (day,) = past.holidays
    assert day.weekday() < 5
    of_day = [
        value or 0
        for time, value in zip(past.times, past.signals["requests"].values, strict=True)
        if datetime.fromtimestamp(time - 1, UTC).date() == day
    ]
    weekend = statistics.mean(_hours(past, "requests", wanted=range(24), workdays=False))
    assert len(of_day) == 24
    assert statistics.mean(of_day) < 2 * weekend


def test_incidents_and_deployments_change_the_signals_that_they_name() -> None:
    """An incident shows at its height, and only in its own signals; a release shifts a level for good."""
    past = history(11, END, days=28, step_seconds=300)
    kinds = {incident.kind for incident in past.incidents}
    assert len(past.incidents) >= 2
    assert kinds <= {"slow database", "bad release", "outage", "cold cache"}
    for incident in past.incidents:
        name, factor = max(incident.factors.items(), key=lambda item: item[1])
        values = past.signals[name].values
        inside = [at for at, time in enumerate(past.times) if incident.start + 300 < time < incident.end]
        before = [values[at - 36] or 0 for at in inside]
        assert statistics.mean(values[at] or 0 for at in inside) > statistics.mean(before) * min(1 + factor / 4, 1.2)
    assert len(past.deployments) > 28 / 2.5 / 2
    assert all(0.8 < factor < 1.25 for release in past.deployments for factor in release.factors.values())


def test_one_signal_is_sparse(past: History) -> None:
    """There are few exports, and most hours of the night have none."""
    night = _hours(past, "exports", wanted=range(1, 5), workdays=True)
    assert statistics.mean(night) < 0.5
    assert 0 < statistics.mean(_hours(past, "exports", wanted=range(9, 17), workdays=True)) < 10


def test_the_noise_of_an_hour_is_remembered(past: History) -> None:
    """What an hour differs from its hour of the week is like what the hour before differed."""
    values = [value or 0 for value in past.signals["api_p95_seconds"].values]
    usual = [statistics.median(values[at % WEEK_HOURS :: WEEK_HOURS]) for at in range(len(values))]
    differs = [value / middle - 1 for value, middle in zip(values, usual, strict=True)]
    ordinary = [one for one in differs if abs(one) < 0.3]
    assert statistics.correlation(ordinary[:-1], ordinary[1:]) > 0.3


def test_the_list_of_unusual_hours_is_what_was_changed(past: History) -> None:
    """Each listed hour differs by its factor, no other does, and none is in an incident or on the holiday."""
    after = past.times[28 * 24]
    changed, hours = inject(past, 3, Wanted(share=0.05, after=after))
    truth = {(hour.signal, hour.start): hour.factor for hour in hours}
    assert inject(past, 3, Wanted(share=0.05, after=after))[1] == hours
    assert inject(past, 4, Wanted(share=0.05, after=after))[1] != hours
    assert {round(hour.factor, 3) for hour in hours} == {0.6, 1.4}
    for name, signal in changed.signals.items():
        for time, new, old in zip(past.times, signal.values, past.signals[name].values, strict=True):
            factor = truth.get((name, time - 3600), 1.0)
            slack = 0.5 if signal.kind == "count" else 1e-9
            assert (old is None and new is None) or abs((new or 0) - (old or 0) * factor) <= slack
    assert all(hour.start >= after for hour in hours)
    for hour in inject(past, 5, Wanted(share=0.3))[1]:
        assert datetime.fromtimestamp(hour.start, UTC).date() not in past.holidays
        assert all(hour.start >= one.end + 3600 or hour.start + 7200 <= one.start for one in past.incidents)
    starts = sorted((hour.signal, hour.start) for hour in hours)
    assert all(one[0] != two[0] or two[1] - one[1] > 3600 for one, two in pairwise(starts))
    requests = sum(hour.signal == "requests" for hour in hours)
    assert 10 < requests < 60


def test_unusual_hours_of_finer_steps_are_whole_hours() -> None:
    """All twelve steps of five minutes of an hour are changed alike."""
    past = history(5, END, days=14, step_seconds=300)
    changed, hours = inject(past, 1, Wanted(only=["api_p95_seconds"]))
    one = hours[0]
    pairs = zip(
        past.times, changed.signals["api_p95_seconds"].values, past.signals["api_p95_seconds"].values, strict=True
    )
    ratios = [(new or 0) / (old or 1) for time, new, old in pairs if one.start < time <= one.start + 3600]
    assert ratios == pytest.approx([one.factor] * 12)
    assert changed.signals["requests"] is past.signals["requests"]


def test_what_cannot_be_made_is_refused(past: History) -> None:
    """Too few days, a step across hours, a signal that does not exist."""
    with pytest.raises(ValueError, match="14 days"):
        history(1, END, days=13)
    with pytest.raises(ValueError, match="step"):
        history(1, END, step_seconds=7000)
    with pytest.raises(ValueError, match="lacks mail"):
        inject(past, 1, Wanted(only=["mail"]))
