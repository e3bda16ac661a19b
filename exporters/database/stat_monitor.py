"""How long statements took, as the extension pg_stat_monitor counts them: exact to its own ranges, and no estimate.

The extension counts the calls of each statement by range of duration, and begins again in each of its time buckets, of
which it keeps a few. Each read adds what the buckets have grown by, so every call counts once, in whichever read finds
it. Nothing is kept of a bucket but its last counts, and none for longer than the server shows it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from itertools import accumulate
from typing import NamedTuple

from exporters.core.exposition import AnyFamily, Family, HistogramFamily, HistogramSample

NAME = "pantrywatch_pg_stat_monitor_duration_seconds"
HELP = (
    "How long statements took, of all roles but the exporter's own, counted by pg_stat_monitor in its own ranges: "
    "exact, no estimate. Without BEGIN, COMMIT, calls in functions and statements that failed."
)
USABLE = "pantrywatch_pg_stat_monitor_usable"
USABLE_HELP = (
    "Whether pg_stat_monitor can count (1): one of its ranges ends at 0.1 s, and it keeps its buckets for a minute. "
    "0: `pantrywatch validate` says what to set."
)
PROMISED = 0.1  # seconds: the threshold of the promise (targets.yaml, db-query-latency)
LEAST_SECONDS = 60.0  # four reads: a bucket must not be gone before one of them
_LONGEST = 50_000_000.0  # ms; a histogram that reaches it has no range beyond (pg_stat_monitor 2.0 to 2.3)


class Options(NamedTuple):
    """The server's settings: pgsm_histogram_min, _max (ms) and _buckets; pgsm_bucket_time (s) and pgsm_max_buckets."""

    least: float
    most: float
    between: float
    bucket_seconds: float
    buckets: float

    @property
    def ranges(self) -> int:
        """How many ranges each statement has: those between least and most, and one on either side of them."""
        return int(self.between) + (self.least > 0) + (self.most < _LONGEST)

    def edges(self) -> tuple[float, ...]:
        """Return where the ranges end but for the last, which has no end: in seconds, rising, to nine digits.

        As the extension computes it (histogram_bucket_timings, 2.0 to 2.3): the least is an end unless it is 0, and
        beyond it the ends grow by a constant factor.
        """
        width = self.most - self.least
        if width <= 1:  # ms: the ranges would be of no width
            return ()
        ends = [self.least] if self.least > 0 else []
        ends += [self.least + width ** (number / self.between) for number in range(1, int(self.between) + 1)]
        return tuple(float(f"{end / 1000:.9g}") for end in ends[: self.ranges - 1])

    def has_the_edge(self) -> bool:
        """Return whether a range ends at the promise's threshold."""
        return PROMISED in self.edges()

    def stays(self) -> bool:
        """Return whether a bucket that has ended can be read several times before the extension drops it."""
        return (self.buckets - 1) * self.bucket_seconds >= LEAST_SECONDS

    def fit(self) -> bool:
        """Return whether calls can be counted exactly, and against the promise."""
        return self.has_the_edge() and self.stays()


class Counted(NamedTuple):
    """What a bucket holds of a database: calls by range, and their time in seconds."""

    calls: tuple[float, ...]
    seconds: float

    def since(self, before: Counted | None) -> Counted | None:
        """Return what came since, all of a bucket that is new; None if it was reset, so that nothing counts twice."""
        if before is None:
            return self
        grown = tuple(now - then for now, then in zip(self.calls, before.calls, strict=True))
        if min(grown, default=0.0) < 0 or self.seconds < before.seconds:
            return None
        return Counted(grown, self.seconds - before.seconds)


class MonitoredDurations:
    """The histogram since the process began; each read adds what happened since the one before."""

    def __init__(self) -> None:
        self._edges: tuple[float, ...] = ()
        self._calls: list[float] = []
        self._seconds = 0.0
        self._before: Mapping[Hashable, Counted] | None = None
        self._server: float | None = None

    def add(self, now: Mapping[Hashable, Counted], options: Options, server: float) -> None:
        """Add what the buckets have grown by since the last read.

        `server`: when the server started, which identifies it. Nothing is added by the first read of a server: what it
        counted earlier is nobody's interval.
        """
        edges = options.edges() if options.fit() else ()
        if edges != self._edges:
            self._edges, self._calls, self._seconds = edges, [0.0] * options.ranges, 0.0
            self._before = None
        if edges and self._before is not None and server == self._server:
            for bucket, counted in now.items():
                if grown := counted.since(self._before.get(bucket)):
                    self._calls = [sum(both) for both in zip(self._calls, grown.calls, strict=True)]
                    self._seconds += grown.seconds
        self._before, self._server = now, server

    def families(self) -> list[AnyFamily]:
        """Return whether it can count, and if so the histogram."""
        usable = Family(USABLE, "gauge", USABLE_HELP, (), [((), int(bool(self._edges)))])
        if not self._edges:
            return [usable]
        buckets = list(zip(self._edges, accumulate(self._calls), strict=False))  # the last range has no end
        sample = HistogramSample((), buckets, math.fsum(self._calls), self._seconds)
        return [usable, HistogramFamily(NAME, HELP, (), [sample])]
