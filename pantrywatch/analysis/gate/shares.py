"""How the share of bad events changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from pantrywatch.analysis.gate.beta import beta_quantile
from pantrywatch.analysis.gate.change import HOUR_BLOCKS, Change, Interval, Spans, sum_of_squares

# The time before is an hour, or up to a day where it has fewer bad events: they say what is usual.
_ENOUGH_BAD = 150
MOST_HOURS = 24
# What is extrapolated to less than half an event is none.
_LEAST_EVENTS = 0.5


class Counts(NamedTuple):
    """Events of five minutes, and the bad ones among them."""

    total: float
    bad: float

    @property
    def share(self) -> float | None:
        """The share of bad events; None without events."""
        return self.bad / self.total if self.total else None


def sum_of(blocks: Sequence[Counts]) -> Counts:
    """Return all of them."""
    return Counts(math.fsum(block.total for block in blocks), math.fsum(block.bad for block in blocks))


def with_enough_before(spans: Spans[Counts]) -> Spans[Counts]:
    """Return the spans with the shortest time before, in hours, that has enough bad events."""
    for blocks in range(HOUR_BLOCKS, len(spans.before), HOUR_BLOCKS):
        if sum_of(spans.before[-blocks:]).bad >= _ENOUGH_BAD:
            return Spans(spans.before[-blocks:], spans.after)
    return spans


def change_of_share(spans: Spans[Counts], excess: float) -> Change | None:
    """Return the change of the share of bad events; None without events."""
    before, after = sum_of(spans.before), sum_of(spans.after)
    if min(before.total, after.total) < _LEAST_EVENTS:
        return None
    log_ratio = math.log((after.bad + 0.5) / (before.bad + 0.5)) - math.log(after.total / before.total)
    return Change(log_ratio, excess * (1 / (after.bad + 0.5) + 1 / (before.bad + 0.5)))


def interval_of_share(before: Counts, after: Counts, excess: float, chance: float) -> Interval | None:
    """Return the ratio of two shares and its bounds, below and above each of which it is by `chance`.

    Of all bad events, those after are a binomial count: exact for few (with the prior of Jeffreys, between the two
    exact answers), and for events that come in groups as if there were `excess` times fewer. None without events.
    """
    if min(before.total, after.total) < _LEAST_EVENTS:
        return None
    a, b = after.bad / excess + 0.5, before.bad / excess + 0.5
    volume = after.total / before.total

    def ratio(share: float) -> float:
        return share / (1 - share) / volume if share < 1 else math.inf

    return Interval(ratio(beta_quantile(chance, a, b)), a / b / volume, ratio(beta_quantile(1 - chance, a, b)))


def excess_of_blocks(spans: Sequence[Sequence[Counts]]) -> float:
    """Return how many times more than independent events the bad ones of blocks differ; at least 1."""
    squares = count = 0.0
    for blocks in spans:
        total, bad = sum_of(blocks)
        used = [block for block in blocks if block.total >= _LEAST_EVENTS]
        if bad >= _LEAST_EVENTS and len(used) > 1:
            expected = [block.total * bad / total for block in used]
            residuals = [(block.bad - fair) / math.sqrt(fair) for block, fair in zip(used, expected, strict=True)]
            squares += sum_of_squares(residuals)
            count += len(used)
    return max(1.0, squares / count) if count else 1.0
