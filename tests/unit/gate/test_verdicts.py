"""The verdict on a deployment, from blocks of five minutes that are made up."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrywatch.analysis.gate.beta import beta_quantile
from pantrywatch.analysis.gate.change import Spans
from pantrywatch.analysis.gate.deployment import DurationsOf, Judged, Promise, SharesOf, chances, judge
from pantrywatch.analysis.gate.durations import Buckets, quantile_of
from pantrywatch.analysis.gate.shares import Counts
from tests.support.properties import cases

_EDGES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


def _buckets(median: float, sigma: float = 0.7, events: float = 1500) -> list[float]:
    """Return what is expected of log-normal durations."""
    below = [NormalDist(math.log(median), sigma).cdf(math.log(edge)) for edge in _EDGES]
    return [events * (b - a) for a, b in zip([0.0, *below], [*below, 1.0], strict=True)]


def _durations(median_after: float, *, week_ago_after: float = 0.12, **more: float) -> DurationsOf:
    before: list[Buckets] = [_buckets(0.12, **more)] * 36
    week_ago = Spans(before, [_buckets(week_ago_after, **more)] * 3)
    return DurationsOf("api-latency", Spans(before, [_buckets(median_after, **more)] * 3), week_ago, _EDGES)


def _shares(before: Counts, after: Counts, week_ago_after: Counts | None = None) -> SharesOf:
    week_ago = Spans([before] * 36, [week_ago_after or before] * 3)
    return SharesOf("api-error-rate", Spans([before] * 36, [after] * 3), week_ago)


def _one(promise: DurationsOf | SharesOf) -> Judged:
    return judge([promise])[0]


def test_quantiles_of_a_beta_variable_are_right() -> None:
    """For whole numbers: the chance to be below x is that of at least a successes in a + b - 1 trials with chance x."""
    for a, b, chance in ((1, 1, 0.3), (2, 3, 0.05), (46, 180, 0.001), (3, 1, 0.999), (40, 200, 0.5)):
        x, trials = beta_quantile(chance, a, b), a + b - 1
        at_least = sum(math.comb(trials, k) * x**k * (1 - x) ** (trials - k) for k in range(a, trials + 1))
        assert at_least == pytest.approx(chance, rel=1e-6)


def test_a_change_within_a_wide_bucket_has_its_size() -> None:
    """Quantiles of log-normal durations are exact between edges that are far apart, so their change by 1.3 is."""
    for quantile in (0.5, 0.75, 0.95):
        found = [quantile_of([_buckets(median)], _EDGES, quantile) for median in (0.12, 0.12 * 1.3)]
        before, after = (one.log_value if one else math.nan for one in found)
        assert math.exp(before) == pytest.approx(0.12 * math.exp(0.7 * NormalDist().inv_cdf(quantile)), rel=0.01)
        assert math.exp(after - before) == pytest.approx(1.3, rel=0.01)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.0, "same"), (1.02, "same"), (1.3, "worse"), (3.0, "worse"), (0.7, "better")]
)
def test_durations_are_judged_by_their_quantiles(factor: float, verdict: str) -> None:
    """Every duration 1.3 times as long is worse, though most are within the promise; 1.02 times is nothing."""
    judged = _one(_durations(0.12 * factor))
    assert judged.verdict == verdict
    assert [finding.measure for finding in judged.findings] == ["p50", "p75", "p95"]
    ratios = [finding.interval.ratio for finding in judged.findings if finding.interval]
    assert ratios == [pytest.approx(factor, rel=0.02)] * 3


def test_a_slow_tail_is_worse_though_the_median_is_not() -> None:
    """One request in ten takes ten times as long."""
    promise = _durations(0.12)
    slow = [a + b for a, b in zip(_buckets(0.12, events=1350), _buckets(1.2, events=150), strict=True)]
    judged = _one(DurationsOf(promise.id, Spans(promise.now.before, [slow] * 3), promise.week_ago, _EDGES))
    assert judged.verdict == "worse"
    assert {finding.measure: finding.verdict for finding in judged.findings}["p95"] == "worse"


def test_what_comes_back_each_week_is_not_the_deployment() -> None:
    """A busy morning that made everything 1.25 times slower a week ago explains it; without that week it is worse."""
    assert _one(_durations(0.15, week_ago_after=0.15)).verdict != "worse"
    assert _one(_durations(0.15)).verdict == "worse"
    calm, busy = Counts(1500, 30), Counts(1500, 60)
    assert _one(_shares(calm, busy, busy)).verdict != "worse"
    assert _one(_shares(calm, busy)).verdict == "worse"


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (Counts(1500, 30), Counts(1500, 60), "worse"),
        (Counts(1500, 30), Counts(1500, 30), "same"),
        (Counts(1500, 30), Counts(1500, 5), "better"),
        (Counts(1500, 0), Counts(1500, 0), "too little data"),
        (Counts(1500, 1.5), Counts(1500, 1.5), "too little data"),
        (Counts(1500, 0.5), Counts(1500, 0), "too little data"),
        (Counts(1500, 0), Counts(1500, 700), "worse"),
        (Counts(20, 0), Counts(20, 20), "worse"),
        (Counts(20, 0), Counts(20, 0.6), "too little data"),
        (Counts(20, 0), Counts(20, 0), "too little data"),
        (Counts(0, 0), Counts(1500, 700), "too little data"),
        (Counts(1500, 2), Counts(0, 0), "too little data"),
    ],
)
def test_shares_are_judged_by_their_counts(before: Counts, after: Counts, verdict: str) -> None:
    """Twice as many errors are worse; where so few events cannot show that, nothing is called the same."""
    assert _one(_shares(before, after)).verdict == verdict


def test_the_minutes_that_would_be_enough_are_named() -> None:
    """Of 0.1% errors at 300 requests a minute twice as many are 9 for 4.5: it takes hours; without any, forever."""
    judged = _one(_shares(Counts(1500, 1.5), Counts(1500, 1.5)))
    assert judged.minutes is None or judged.minutes > 60
    assert _one(_shares(Counts(1500, 7.5), Counts(1500, 7.5))).minutes in range(20, 120)
    assert _one(_shares(Counts(1500, 0), Counts(1500, 0))).minutes is None
    few = _one(_durations(0.12, events=300))
    assert few.verdict == "too little data"
    assert few.minutes is not None
    assert few.minutes > 15


def test_the_chance_to_be_wrong_is_divided_over_all_promises() -> None:
    """The chances of all together stay below 5%, with any number of promises, and follow from what was before alone."""
    many = [_shares(Counts(1500, bad), Counts(1500, bad)) for bad in (0, 1, 5, 8, 40)] * 3 + [_durations(0.12)] * 12
    assert sum(chances(many)) < 0.05 + 1e-9
    changed = [_shares(one.now.before[0], Counts(1500, 900)) for one in many if isinstance(one, SharesOf)]
    assert chances(changed) == chances([one for one in many if isinstance(one, SharesOf)])


def test_a_week_without_blocks_is_no_week() -> None:
    """Where nothing is there of the same hours last week, what was before the deployment judges, and no traceback."""
    bucket, count = [90.0, 99.0, 100.0, 100.0], Counts(300, 3)
    now: Spans[Any] = Spans([bucket] * 36, [bucket] * 3)
    none: Spans[Any] = Spans([bucket] * 36, [])
    assert _one(DurationsOf("durations", now, none, (0.1, 0.5, 1))).verdict in ("same", "too little data")
    shares = SharesOf("shares", Spans([count] * 36, [count] * 3), Spans([count] * 36, []))
    assert _one(shares).verdict in ("same", "too little data")


_NUMBERS = st.one_of(st.just(0.0), st.floats(0, 1e7), st.integers(0, 50).map(float))
_BUCKETS = st.lists(_NUMBERS, min_size=4, max_size=4)
_COUNTS = st.builds(lambda total, part: Counts(total, total * part), _NUMBERS, st.floats(0, 1))


def _spans(block: st.SearchStrategy[Any]) -> st.SearchStrategy[Spans[Any]]:
    return st.builds(
        lambda a, b, c, blocks: Spans([a, b, a, a] * 9, [c] * blocks), block, block, block, st.integers(0, 12)
    )


@cases(40)
@given(_spans(_BUCKETS), _spans(_BUCKETS), _spans(_COUNTS), _spans(_COUNTS))
def test_any_counts_have_a_verdict(now: Spans[Any], before: Spans[Any], counts: Spans[Any], usual: Spans[Any]) -> None:
    """Whatever Prometheus has counted: a verdict, finite minutes, and no traceback."""
    promises: list[Promise] = [
        DurationsOf("durations", now, before, (0.1, 0.5, 1)),
        DurationsOf("of the first week", now, None, (0.1, 0.5, 1)),
        SharesOf("shares", counts, usual),
        SharesOf("of the first week", counts, None),
    ]
    for judged in judge(promises):
        assert judged.verdict in ("better", "worse", "same", "too little data")
        assert judged.minutes is None or judged.minutes >= 0
