"""How long statements took, estimated from what pg_stat_statements counts: a histogram of all of them together.

The server keeps no buckets, but for each statement its executions, the sum of their times and that of their squares.
What these grew by between two reads is the exact mean and variance of the interval. The statement's times are taken to
be log-normal with that mean and variance, and the whole is their mixture, weighted by executions. A single execution is
exact, and so are two. For the mixture of a server this is an estimate worth having; of one statement it would be none,
so nothing here says anything about one.

The log-normal begins at the shortest time that the server has seen of the statement. Where the longest has grown, that
execution is known too, and left out of the log-normal. Two bounds hold whatever the distribution, and cut it off: no
time is longer than the server's own longest, and none of n is further than sqrt(n - 1) deviations from their mean
(Samuelson's inequality).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from typing import NamedTuple

from exporters.core.exposition import HistogramFamily, HistogramSample

NAME = "pantrywatch_pg_statement_duration_seconds"
HELP = (
    "Estimate of how long statements took, of all roles but the exporter's own, from pg_stat_statements: a mixture of "
    "log-normals with the mean and variance of each between two reads. Without BEGIN, COMMIT and calls in functions."
)
# Seven a decade at most: a percentile is interpolated between two edges. Those of the application's own histogram and
# the threshold of the promise are among them (targets.yaml, `histograms`).
EDGES = (
    0.00001, 0.000015, 0.000025, 0.000035, 0.00005, 0.00007,
    0.0001, 0.00015, 0.00025, 0.00035, 0.0005, 0.0007,
    0.001, 0.0015, 0.0025, 0.0035, 0.005, 0.007,
    0.01, 0.015, 0.025, 0.035, 0.05, 0.07,
    0.1, 0.15, 0.25, 0.35, 0.5, 0.7,
    1.0, 1.5, 2.5, 3.5, 5.0, 7.0, 10.0,
)  # fmt: skip

_ROUNDING = 16 * sys.float_info.epsilon  # of a sum of squares, a few operations after the server wrote it


class Executions(NamedTuple):
    """What the server counted of one statement: executions, in seconds their sum, squares, longest and shortest.

    `noise`: how far rounding may put `squares` off. `is_record`: the longest is one of these executions.
    """

    calls: float
    seconds: float
    squares: float
    longest: float = math.inf
    shortest: float = 0.0
    noise: float = 0.0
    is_record: bool = True

    def since(self, before: Executions | None) -> Executions:
        """Return what was counted since; all of it if the statement is new or was reset, as it started at zero."""
        if before is None or self.calls < before.calls or self.seconds < before.seconds:
            return self
        return Executions(
            self.calls - before.calls,
            self.seconds - before.seconds,
            self.squares - before.squares,
            self.longest,
            self.shortest,
            _ROUNDING * self.squares,
            self.longest > before.longest,
        )

    def and_also(self, other: Executions | None) -> Executions:
        """Return both together, where a server gives two rows one name."""
        if other is None:
            return self
        sums = (self.calls + other.calls, self.seconds + other.seconds, self.squares + other.squares)
        return Executions(*sums, max(self.longest, other.longest), min(self.shortest, other.shortest))

    def shares(self, edges: Sequence[float]) -> list[float]:
        """Return the estimated share of executions at or below each edge: rising, between 0 and 1."""
        if self.is_record and self.calls > 1 and self.longest < self.seconds:
            rest = self._without_longest()
            shares = zip(edges, rest.shares(edges), strict=True)
            return [(rest.calls * share + (self.longest <= edge)) / self.calls for edge, share in shares]
        mean = self.seconds / self.calls
        variance = self.squares / self.calls - mean * mean
        if self.calls <= 1 or mean <= 0 or variance <= self.noise / self.calls + _ROUNDING * mean * mean:
            return [float(mean <= edge) for edge in edges]
        reach = math.sqrt(variance * (self.calls - 1))
        least, longest = max(mean - reach, 0.0), mean + reach
        if self.longest >= mean:  # if not, only the longest was reset
            longest = min(longest, self.longest)
        if self.calls <= 2:
            return [(float(least <= edge) + float(longest <= edge)) / 2 for edge in edges]
        start = self.shortest if self.shortest < mean else 0.0
        least = max(least, start)
        scale = math.sqrt(math.log1p(variance / (mean - start) ** 2))
        middle = math.log(mean - start) - scale * scale / 2
        within = [
            float(edge >= longest)
            if edge <= least or edge >= longest
            else math.erfc((middle - math.log(edge - start)) / (scale * math.sqrt(2))) / 2
            for edge in edges
        ]
        return list(accumulate(within, max))

    def _without_longest(self) -> Executions:
        squares = max(self.squares - self.longest * self.longest, 0.0)
        noise = self.noise + _ROUNDING * self.squares
        seconds = self.seconds - self.longest
        return Executions(self.calls - 1, seconds, squares, self.longest, self.shortest, noise, is_record=False)


class DurationEstimate:
    """The histogram since the process began; each read adds what happened since the one before.

    Kept are the sums of shares, not of rounded counts: each bucket is within half an execution of its sum, the buckets
    rise, never decrease, and add up to the executions.
    """

    def __init__(self, edges: Sequence[float] = EDGES) -> None:
        """Take the edges in seconds, rising."""
        self._edges = tuple(edges)
        self._within = [0.0] * len(self._edges)
        self._calls = 0.0
        self._seconds = 0.0
        self._before: Mapping[Hashable, Executions] | None = None
        self._server: float | None = None

    def add(
        self, now: Mapping[Hashable, Executions], server: float, left_out: AbstractSet[Hashable] = frozenset()
    ) -> None:
        """Add what the statements did since the last read, but for those left out.

        `server`: when the server started, which identifies it. Nothing is added by the first read of a server: what it
        counted earlier is nobody's interval.
        """
        if self._before is not None and server == self._server:
            for statement, counted in now.items():
                before = self._before.get(statement)
                if statement not in left_out and (before is None or counted.calls != before.calls):
                    self._add(counted.since(before))
        self._before, self._server = now, server

    def family(self) -> HistogramFamily:
        """Return the histogram, in whole executions."""
        buckets = [(edge, math.floor(within + 0.5)) for edge, within in zip(self._edges, self._within, strict=True)]
        return HistogramFamily(NAME, HELP, (), [HistogramSample((), buckets, self._calls, self._seconds)])

    def _add(self, interval: Executions) -> None:
        if interval.calls <= 0:
            return
        self._calls += interval.calls
        self._seconds += interval.seconds
        for position, share in enumerate(interval.shares(self._edges)):
            self._within[position] += interval.calls * share
