"""How the quantiles of durations changed, from the buckets of a histogram."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import NormalDist

from pantrywatch.analysis.gate.change import Change, Spans, sum_of_squares

QUANTILES = (0.5, 0.75, 0.95)
_NORMAL = NormalDist()
# A quantile needs so many events above it: that of fewer is a matter of single ones.
_LEAST_ABOVE = 10
LEAST_EVENTS = _LEAST_ABOVE / (1 - QUANTILES[0])
Buckets = Sequence[float]  # events of five minutes: one number a bucket, not cumulative, that beyond the last edge too


@dataclass(frozen=True, slots=True)
class _Point:
    """The share of events up to an edge, and the normal quantile that it is."""

    log_edge: float
    buckets: int
    share: float
    normal: float


@dataclass(frozen=True, slots=True)
class _Influence:
    """What a quantile moves by for each share more of the events up to an edge: so many buckets."""

    buckets: int
    share: float
    by: float

    def of(self, block: Buckets) -> float:
        """Return what the events of a block move it by, times all events."""
        return self.by * (sum(block[: self.buckets]) - self.share * sum(block))


@dataclass(frozen=True, slots=True)
class Quantile:
    """The logarithm of a quantile, and its variance if events are independent."""

    log_value: float
    variance: float
    events: float
    edges: tuple[_Influence, _Influence]

    def variance_of(self, blocks: Sequence[Buckets]) -> float:
        """Return the variance by how its own blocks differ."""
        return sum_of_squares([sum(edge.of(block) for edge in self.edges) for block in blocks]) / self.events**2


def quantile_of(blocks: Sequence[Buckets], edges: Sequence[float], quantile: float) -> Quantile | None:
    """Return a quantile of all blocks; None for few events, and where it lies below the first edge or above the last.

    Between two edges the logarithm of a duration is taken to be normal, as response times nearly are: then a change
    within a wide bucket has its true size, which a straight line between the edges would make too small or too large.
    """
    sums = [sum(column) for column in zip(*blocks, strict=True)]
    events = sum(sums)
    if events * (1 - quantile) < _LEAST_ABOVE:
        return None
    wanted = _NORMAL.inv_cdf(quantile)
    for low, high in pairwise(_points(sums, events, edges)):
        if low.normal <= wanted < high.normal:
            return _between(low, high, wanted, events)
    return None


def _points(sums: Sequence[float], events: float, edges: Sequence[float]) -> Iterator[_Point]:
    for number, (edge, below) in enumerate(zip(edges, accumulate(sums), strict=False), 1):
        # With half an event on either side: an edge beyond all events is uncertain, not infinite.
        share = (below + 0.5) / (events + 1)
        yield _Point(math.log(edge), number, share, _NORMAL.inv_cdf(share))


def _between(low: _Point, high: _Point, wanted: float, events: float) -> Quantile:
    slope = (high.log_edge - low.log_edge) / (high.normal - low.normal)
    part = (wanted - low.normal) / (high.normal - low.normal)
    a = _Influence(low.buckets, low.share, -slope * (1 - part) / _NORMAL.pdf(low.normal))
    b = _Influence(high.buckets, high.share, -slope * part / _NORMAL.pdf(high.normal))
    own = a.by**2 * a.share * (1 - a.share) + b.by**2 * b.share * (1 - b.share)
    common = 2 * a.by * b.by * a.share * (1 - b.share)
    return Quantile(low.log_edge + part * (high.log_edge - low.log_edge), (own + common) / events, events, (a, b))


def change_of_quantile(spans: Spans[Buckets], edges: Sequence[float], quantile: float, excess: float) -> Change | None:
    """Return the change of a quantile; `excess`: how many times more than chance whole blocks of it differ."""
    before, after = (quantile_of(blocks, edges, quantile) for blocks in (spans.before, spans.after))
    if before is None or after is None:
        return None
    return Change(after.log_value - before.log_value, excess * (after.variance + before.variance))


def excess_of_blocks(all_blocks: Sequence[Sequence[Buckets]], edges: Sequence[float], quantile: float) -> float:
    """Return how many times more than independent events the blocks of several spans differ; at least 1."""
    found = [(one, blocks) for blocks in all_blocks if blocks and (one := quantile_of(blocks, edges, quantile))]
    expected = math.fsum(one.variance for one, _ in found)
    return max(1.0, math.fsum(one.variance_of(blocks) for one, blocks in found) / expected) if expected else 1.0
