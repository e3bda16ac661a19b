"""The estimate of how long statements took: what must hold of it whatever the statements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.exposition import HistogramSample
from exporters.database.statement_durations import EDGES, DurationEstimate, Executions
from tests.support.properties import cases

_TIMES = st.lists(st.floats(1e-6, 100), min_size=1, max_size=30)
_READS = st.lists(st.dictionaries(st.sampled_from("abc"), _TIMES, max_size=3), max_size=8)


def _counted(times: Sequence[float]) -> Executions:
    squares = math.fsum(time * time for time in times)
    return Executions(len(times), math.fsum(times), squares, max(times), min(times))


def _sample(estimate: DurationEstimate) -> HistogramSample:
    return estimate.family().samples[0]


def _after(reads: Sequence[dict[str, list[float]]], edges: Sequence[float] = EDGES) -> list[HistogramSample]:
    """Return the histogram after each read of a server that runs these statements between the reads."""
    estimate, ran, samples = DurationEstimate(edges), dict[str, list[float]](), []
    estimate.add({}, 1.0)
    for read in reads:
        for statement, times in read.items():
            ran.setdefault(statement, []).extend(times)
        estimate.add({statement: _counted(times) for statement, times in ran.items()}, 1.0)
        samples.append(_sample(estimate))
    return samples


@given(_READS)
@cases(60)
def test_it_adds_up_and_never_decreases(reads: list[dict[str, list[float]]]) -> None:
    """Whole counts that rise from edge to edge and from read to read, up to exactly what ran; the sum is the sum."""
    samples = _after(reads)
    before = [0.0] * len(EDGES)
    for sample in samples:
        counts = [count for _, count in sample.buckets]
        assert [edge for edge, _ in sample.buckets] == list(EDGES)
        assert all(count == int(count) for count in counts)
        assert counts == sorted(counts)
        assert counts[-1] <= sample.count
        assert all(now >= earlier for now, earlier in zip(counts, before, strict=True))
        before = counts
    if samples:
        times = [time for read in reads for times in read.values() for time in times]
        assert samples[-1].count == len(times)
        assert samples[-1].sum == pytest.approx(math.fsum(times), rel=1e-9, abs=1e-12)


@given(st.lists(st.floats(1e-6, 100), min_size=1, max_size=20))
@cases(60)
def test_one_execution_an_interval_is_exact(times: list[float]) -> None:
    """A statement that ran once between two reads took what its sum grew by, whatever it took before."""
    sample = _after([{"a": [time]} for time in times])[-1]
    for edge, count in sample.buckets:
        sure = sum(time <= edge * (1 - 1e-9) for time in times)
        possible = sum(time <= edge * (1 + 1e-9) for time in times)
        assert sure <= count <= possible


@given(st.floats(1e-5, 1), st.floats(1e-5, 1))
@cases(60)
def test_two_executions_are_exact(one: float, other: float) -> None:
    """Mean and variance of two say what both were; where they are as good as equal, they are one point."""
    sample = _after([{"a": [one, other]}])[-1]
    for edge, count in sample.buckets:
        if all(abs(time - edge) > 1e-6 * max(one, other) for time in (one, other)):
            assert count == (one <= edge) + (other <= edge)


@given(_TIMES, st.integers(-10, 10))
@cases(60)
def test_it_does_not_depend_on_the_unit(times: list[float], power: int) -> None:
    """Times and edges a thousand times as long give the same counts."""
    scale = 2.0**power
    plain = _after([{"a": times}])[-1]
    scaled = _after([{"a": [time * scale for time in times]}], [edge * scale for edge in EDGES])[-1]
    assert [count for _, count in plain.buckets] == [count for _, count in scaled.buckets]


@given(st.lists(_TIMES, min_size=1, max_size=6))
@cases(40)
def test_a_reset_or_an_eviction_loses_nothing_that_the_server_still_has(intervals: list[list[float]]) -> None:
    """A statement that starts at zero again, or is new, counts with all it has; one that is gone counts no more."""
    estimate = DurationEstimate()
    estimate.add({}, 1.0)
    for times in intervals:
        estimate.add({"a": _counted(times)}, 1.0)
        estimate.add({}, 1.0)
    assert _sample(estimate).count == sum(map(len, intervals))
    estimate.add({"a": _counted([0.01] * 40)}, 1.0)
    estimate.add({"a": _counted([0.02] * 7)}, 1.0)
    assert _sample(estimate).count == sum(map(len, intervals)) + 47


def test_the_past_of_a_server_is_nobodys_interval() -> None:
    """The first read counts nothing, nor does the first one of another server behind the same address."""
    estimate = DurationEstimate()
    estimate.add({"a": _counted([0.5] * 1000)}, 1.0)
    assert _sample(estimate).count == 0
    estimate.add({"a": _counted([0.5] * 1001)}, 1.0)
    assert _sample(estimate).count == 1
    estimate.add({"a": _counted([0.5] * 9000), "b": _counted([0.5] * 9000)}, 2.0)
    assert _sample(estimate).count == 1


def test_what_is_left_out_counts_from_when_it_is_not() -> None:
    """A statement that begins to count has only what it did since the last read, not all of its past."""
    estimate = DurationEstimate()
    estimate.add({}, 1.0)
    estimate.add({"a": _counted([0.5] * 1000)}, 1.0, {"a"})
    estimate.add({"a": _counted([0.5] * 1002)}, 1.0)
    assert _sample(estimate).count == 2


def test_the_longest_is_known_where_it_has_grown() -> None:
    """Of many short times and one of 3 s, the one is above every edge up to 3 s, and the others where they are."""
    times = [0.002, 0.0021, 0.0022] * 30 + [3.0]
    shares = dict(zip(EDGES, _counted(times).shares(EDGES), strict=True))
    assert shares[0.0015] == pytest.approx(0, abs=0.001)
    assert shares[0.0025] == pytest.approx(90 / 91, abs=0.005)
    assert shares[2.5] == pytest.approx(90 / 91)
    assert shares[3.5] == 1


def test_no_time_is_longer_than_the_longest() -> None:
    """Many short times and a few of 90 ms: none is above 0.1 s, which a log-normal of that variance would say."""
    times = [0.001] * 95 + [0.09] * 5
    unbounded = Executions(100, sum(times), sum(time * time for time in times), is_record=False)
    bounded = Executions(100, sum(times), sum(time * time for time in times), max(times), is_record=False)
    at = EDGES.index(0.1)
    assert unbounded.shares(EDGES)[at] < 1
    assert bounded.shares(EDGES)[at] == 1


@pytest.mark.parametrize("past", [10**6, 10**9, 10**12])
def test_a_long_past_does_not_blur_the_interval(past: int) -> None:
    """Beside 10^12 executions of the past, an interval of equal times is a point, and a spread one is as spread."""
    before = Executions(past, past * 0.08, past * 0.08 * 0.08, 0.2)
    equal = Executions(past + 100, before.seconds + 8, before.squares + 100 * 0.08 * 0.08, 0.2)
    shares = dict(zip(EDGES, equal.since(before).shares(EDGES), strict=True))
    assert shares[0.07] == pytest.approx(0, abs=1e-3)
    assert shares[0.1] == pytest.approx(1, abs=1e-3)
    spread = Executions(past + 100, before.seconds + 8, before.squares + 100 * (0.08**2 + 0.04**2), 0.2)
    alone = Executions(100, 8, 100 * (0.08**2 + 0.04**2), 0.2, is_record=False)
    assert spread.since(before).shares(EDGES) == pytest.approx(alone.shares(EDGES), abs=1e-3)


@given(_TIMES)
@cases(60)
def test_no_time_is_shorter_than_the_shortest(times: list[float]) -> None:
    """No share below it, and all of it where all times are alike."""
    for edge, share in zip(EDGES, _counted(times).shares(EDGES), strict=True):
        if edge < min(times) * (1 - 1e-9):
            assert share == 0


@pytest.mark.parametrize("least", [0.0, 0.02])
def test_a_log_normal_statement_has_its_own_shares(least: float) -> None:
    """The shares of one statement whose times are log-normal, above the shortest, are those of the distribution."""
    middle, scale = math.log(0.05), 0.6
    count = 20_000
    ranks = [(number + 0.5) / count for number in range(count)]
    normal = NormalDist(middle, scale)
    times = [least + math.exp(normal.inv_cdf(rank)) for rank in ranks]
    shares = _counted(times)._replace(shortest=least).shares(EDGES)
    for edge, share in zip(EDGES, shares, strict=True):
        expected = normal.cdf(math.log(edge - least)) if edge > least else 0
        assert share == pytest.approx(expected, abs=0.002)
