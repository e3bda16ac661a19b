"""A histogram that is cheap to write: not prometheus_client's, which took half of the time of a scrape."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

from exporters.core.exposition import HistogramSample


class Histogram:
    """Counts of values by the first edge at or above them (the last is +Inf), and their sum."""

    def __init__(self, edges: tuple[float, ...]) -> None:
        self._edges = edges
        self._counts = [0] * (len(edges) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._edges, value)] += 1
        self._sum += value

    def observe_censored(self, waited: float) -> None:
        """Count a value that did not occur in the seconds waited: above every edge, with those seconds in the sum."""
        self._counts[-1] += 1
        self._sum += waited

    def sample(self, labels: tuple[str, ...]) -> HistogramSample:
        """Return a copy of the counts."""
        *buckets, count = accumulate(self._counts)
        return HistogramSample(labels, tuple(zip(self._edges, buckets, strict=True)), count, self._sum)
