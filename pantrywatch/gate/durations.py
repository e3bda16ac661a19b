"""How the quantiles of durations changed, from the buckets of a histogram."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import NormalDist

from pantrywatch.gate.change import Change, Spans, sum_of_squares

QUANTILES = (0.5, 0.75, 0.95)
_NORMAL = NormalDist()
# A quantile needs so many events above it: that of fewer is a matter of single ones.
_LEAST_ABOVE = 10
LEAST_EVENTS = _LEAST_ABOVE / (1 - QUANTILES[0])
Buckets = Sequence[float]  # events of five minutes: one number a bucket, not cumulative, that beyond the last edge too


@dataclass(frozen=True, slots=True)
class _Point:
    """The share of events below an edge, as a normal quantile, and what one event more there moves it by."""

    log_edge: float
    number: int
    share: float
    normal: float
    per_share: float


@dataclass(frozen=True, slots=True)
class Quantile:
    """The logarithm of a quantile, the variance that so many independent events have, and that of whole blocks."""

    log_value: float
    variance: float
    variance_of_blocks: float


def quantile_of(blocks: Sequence[Buckets], edges: Sequence[float], quantile: float) -> Quantile | None:
    """Return a quantile of all blocks; None for few events, and where it lies below the first edge or above the last.

    Between two edges the logarithm of a duration is taken to be normal, as response times nearly are: then a change
    within a wide bucket has its true size, which a straight line between the edges would make too small or too large.
    """
    sums = [math.fsum(column) for column in zip(*blocks, strict=True)]
    events = math.fsum(sums)
    if events * (1 - quantile) < _LEAST_ABOVE:
        return None
    points = list(_points(sums, events, edges))
    wanted = _NORMAL.inv_cdf(quantile)
    for low, high in pairwise(points):
        if low.normal <= wanted < high.normal:
            return _between(low, high, wanted, blocks, events)
    return None


def _points(sums: Sequence[float], events: float, edges: Sequence[float]) -> Iterator[_Point]:
    for number, (edge, below) in enumerate(zip(edges, accumulate(sums), strict=False)):
        # With half an event on either side: an edge beyond all events is uncertain, not infinite.
        share = (below + 0.5) / (events + 1)
        normal = _NORMAL.inv_cdf(share)
        yield _Point(math.log(edge), number, share, normal, 1 / _NORMAL.pdf(normal))


def _between(low: _Point, high: _Point, wanted: float, blocks: Sequence[Buckets], events: float) -> Quantile:
    width, rise = high.log_edge - low.log_edge, high.normal - low.normal
    part = (wanted - low.normal) / rise
    # What the quantile moves by if a share more of the events is below each of the two edges.
    by_low, by_high = (
        -width / rise * (1 - part) * low.per_share, -width / rise * part * high.per_share
    )  # fmt: skip
    variance = (
        by_low**2 * low.share * (1 - low.share)
        + by_high**2 * high.share * (1 - high.share)
        + 2 * by_low * by_high * low.share * (1 - high.share)
    ) / events
    moves = [
        by_low * (sum(block[: low.number + 1]) - low.share * sum(block))
        + by_high * (sum(block[: high.number + 1]) - high.share * sum(block))
        for block in blocks
    ]
    return Quantile(low.log_edge + part * width, variance, sum_of_squares(moves) / events**2)


def change_of_quantile(spans: Spans[Buckets], edges: Sequence[float], quantile: float, excess: float) -> Change | None:
    """Return the change of a quantile; `excess`: how many times more than chance whole blocks of it differ."""
    before, after = (quantile_of(blocks, edges, quantile) for blocks in (spans.before, spans.after) if blocks)
    if before is None or after is None:
        return None
    return Change(after.log_value - before.log_value, excess * (after.variance + before.variance))


def excess_of_blocks(all_blocks: Sequence[Sequence[Buckets]], edges: Sequence[float], quantile: float) -> float:
    """Return how many times more than independent events the blocks of several spans differ; at least 1."""
    found = [one for blocks in all_blocks if blocks and (one := quantile_of(blocks, edges, quantile))]
    expected = math.fsum(one.variance for one in found)
    return max(1.0, math.fsum(one.variance_of_blocks for one in found) / expected) if expected else 1.0
