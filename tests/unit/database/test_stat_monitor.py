"""Calls that pg_stat_monitor counts: each once, whatever the extension drops, and by the ranges that it really has."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.exposition import HistogramFamily, HistogramSample
from exporters.database.stat_monitor import Counted, MonitoredDurations, Options
from tests.support.properties import cases

_FIT = Options(0, 100_000, 20, 60, 10)
# get_histogram_timings() of pg_stat_monitor 2.0.0 and 2.3.2, in ms: with its defaults, and with pgsm_histogram_min = 0.
_DEFAULT = (
    "{{0.000 - 1.000}, (1.000 - 2.778}, (2.778 - 4.162}, (4.162 - 6.623}, (6.623 - 11.000}, (11.000 - 18.783}, "
    "(18.783 - 32.623}, (32.623 - 57.234}, (57.234 - 101.000}, (101.000 - 178.827}, (178.827 - 317.226}, "
    "(317.226 - 563.338}, (563.338 - 1000.994}, (1000.994 - 1779.268}, (1779.268 - 3163.256}, (3163.256 - 5624.371}, "
    "(5624.371 - 10000.920}, (10000.920 - 17783.643}, (17783.643 - 31623.492}, (31623.492 - 56234.598}, "
    "(56234.598 - 100000.000}, (100000.000 - ...}}"
)
_FROM_ZERO = (
    "{{0.000 - 1.778}, (1.778 - 3.162}, (3.162 - 5.623}, (5.623 - 10.000}, (10.000 - 17.783}, (17.783 - 31.623}, "
    "(31.623 - 56.234}, (56.234 - 100.000}, (100.000 - 177.828}, (177.828 - 316.228}, (316.228 - 562.341}, "
    "(562.341 - 1000.000}, (1000.000 - 1778.279}, (1778.279 - 3162.278}, (3162.278 - 5623.413}, "
    "(5623.413 - 10000.000}, (10000.000 - 17782.794}, (17782.794 - 31622.777}, "
    "(31622.777 - 56234.133}, (56234.133 - 100000.000}, (100000.000 - ...}}"
)


def _sample(durations: MonitoredDurations) -> HistogramSample | None:
    """Return the histogram, or None where it cannot be counted."""
    usable, *rest = durations.families()
    assert not isinstance(usable, HistogramFamily)
    assert [value for _, value in usable.samples] == [len(rest)]
    return next((family.samples[0] for family in rest if isinstance(family, HistogramFamily)), None)


def _bucket(calls: int, slow: int = 0, options: Options = _FIT) -> Counted:
    """Return a bucket with calls in the first range, and in the last, which has no end."""
    return Counted((float(calls), *[0.0] * (options.ranges - 2), float(slow)), calls * 0.001 + slow * 200.0)


@pytest.mark.parametrize(("options", "shown"), [(_FIT._replace(least=1), _DEFAULT), (_FIT, _FROM_ZERO)])
def test_the_ranges_are_those_that_the_extension_shows(options: Options, shown: str) -> None:
    """Computed from its settings as it computes them; the last range has no end."""
    ends = [float(text) for text in re.findall(r"- ([\d.]+)}", shown.replace("...", ""))]
    assert options.ranges == len(ends) + 1
    assert [edge * 1000 for edge in options.edges()] == pytest.approx(ends, abs=6e-4, rel=1e-8)


@pytest.mark.parametrize(
    ("options", "fit"),
    [
        (_FIT, True),
        (_FIT._replace(least=1), False),  # as installed: 0.101 s
        (_FIT._replace(most=100), True),
        (_FIT._replace(most=50_000_000), False),
        (_FIT._replace(least=99, most=100), False),  # ranges without a width
        (_FIT._replace(bucket_seconds=5), False),  # gone after 45 s
        (_FIT._replace(buckets=1), False),
    ],
)
def test_it_counts_only_where_a_range_ends_at_the_promise_and_buckets_stay(options: Options, *, fit: bool) -> None:
    """A range that ends near 0.1 s would count what is promised as broken, or the other way round."""
    durations = MonitoredDurations()
    durations.add({}, options, 1.0)
    assert (_sample(durations) is not None) == fit


def test_what_the_first_read_finds_counts_for_nobody_and_a_restart_begins_again() -> None:
    """The past of a server is no interval; after that all of a bucket that is new counts."""
    durations = MonitoredDurations()
    durations.add({"10:00": _bucket(5)}, _FIT, 1.0)
    durations.add({"10:00": _bucket(7), "10:01": _bucket(1, 2)}, _FIT, 1.0)
    sample = _sample(durations)
    assert sample is not None
    assert (sample.count, round(sample.sum, 3)) == (5, 400.003)
    assert dict(sample.buckets)[0.1] == 3
    durations.add({"10:02": _bucket(50)}, _FIT, 2.0)  # the server was restarted
    durations.add({"10:02": _bucket(51)}, _FIT, 2.0)
    sample = _sample(durations)
    assert sample is not None
    assert sample.count == 6


def test_other_ranges_begin_another_histogram() -> None:
    """Calls of the old ranges have no place in the new ones."""
    other = _FIT._replace(most=10_000)
    durations = MonitoredDurations()
    durations.add({}, _FIT, 1.0)
    durations.add({"10:00": _bucket(3)}, _FIT, 1.0)
    durations.add({"10:01": _bucket(4)}, other, 2.0)
    sample = _sample(durations)
    assert sample is not None
    assert sample.count == 0
    assert max(edge for edge, _ in sample.buckets) == 10


_STEPS = st.lists(st.one_of(st.integers(0, 3), st.sampled_from(["read", "next bucket", "loss", "reset"])), max_size=40)


@given(steps=_STEPS)
@cases(100)
def test_every_call_counts_once_and_nothing_goes_down(steps: list[int | str]) -> None:
    """Against an extension that keeps two buckets, is read before they are gone, loses calls and may be reset."""
    durations, shown, now = MonitoredDurations(), {0: 0}, 0
    durations.add({0: _bucket(0)}, _FIT, 1.0)
    samples, ran, has_lost = [_sample(durations)], 0, False
    for step in [*steps, "read"]:
        if isinstance(step, int):
            shown[now] = shown.get(now, 0) + step
            ran += step
        elif step == "reset":
            shown, has_lost = {}, True
        elif step == "loss":
            shown[now], has_lost = max(0, shown.get(now, 0) - 1), True
        elif step == "next bucket":
            durations.add({began: _bucket(calls) for began, calls in shown.items()}, _FIT, 1.0)
            now += 1
            shown = {began: calls for began, calls in shown.items() if began >= now - 1}
        else:
            durations.add({began: _bucket(calls) for began, calls in shown.items()}, _FIT, 1.0)
        samples.append(_sample(durations))
    counts = [sample.count for sample in samples if sample]
    assert all(before <= after for before, after in pairwise(counts))
    assert counts[-1] <= ran
    assert has_lost or counts[-1] == ran
