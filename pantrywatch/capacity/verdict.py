"""What the requests of one step say: did the server keep its targets at this rate?"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from pantrywatch.config.targets import Targets

# Beyond the allowed share of errors, of all requests of a step: then it ends at once, as users may share the server.
_MOST_EXCESS_ERRORS = 0.01
# When so much of a step was sent late by so much, this machine may be what is too slow.
_LATE_SECONDS = 0.1
_MOST_LATE = 0.01


@dataclass(frozen=True, slots=True)
class Promise:
    """The targets that a server has to keep: api-latency and api-error-rate."""

    seconds: float
    slow_share: float
    error_share: float
    least_errors: int  # fewer may be chance

    @property
    def percentile(self) -> float:
        """Return the share of requests that must be fast enough, in percent."""
        return round(100 * (1 - self.slow_share), 6)

    def in_words(self) -> str:
        """Return the promise as one line."""
        return f"{self.percentile:g} % within {self.seconds:g} s, at most {100 * self.error_share:g} % errors"


def promise_of(targets: Targets) -> Promise:
    """Return the promise in targets.yaml."""
    latency, errors = targets.by_id("api-latency"), targets.by_id("api-error-rate")
    assert latency.threshold
    assert latency.objective
    assert errors.objective
    return Promise(
        latency.threshold,
        round(1 - latency.objective, 9),
        round(1 - errors.objective, 9),
        math.ceil(targets.minimum_bad_events),
    )


@dataclass(slots=True)
class Step:
    """The requests of one rate; latencies count from the moment a request was due, not from when it could be sent."""

    requests_per_minute: float
    planned: int
    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    slow: int = 0
    late: int = 0
    unfinished: int = 0

    def add(self, promise: Promise, latency: float, lag: float, error: str | None) -> None:
        """Count a request that has ended: its latency, how late it was sent (both in seconds), its error if any."""
        self.latencies.append(latency)
        self.late += lag > _LATE_SECONDS
        self.slow += latency > promise.seconds
        if error:
            self.errors[error] += 1

    @property
    def failed(self) -> int:
        """Return how many requests failed."""
        return sum(self.errors.values())

    @property
    def error_ratio(self) -> float:
        """Return the share of failed requests, 0 without any."""
        return self.failed / len(self.latencies) if self.latencies else 0.0

    def percentile(self, percent: float) -> float:
        """Return a latency that so many percent of the requests did not exceed (nearest rank); 0 without any."""
        ordered = sorted(self.latencies)
        return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] if ordered else 0.0

    def is_lost(self, promise: Promise) -> bool:
        """Return whether the rest of the step cannot save it, or must not be sent."""
        excess = self.failed - promise.error_share * self.planned
        most_excess = max(_MOST_EXCESS_ERRORS * self.planned, promise.least_errors)
        return self.slow > promise.slow_share * self.planned or excess > most_excess

    def broken(self, promise: Promise) -> str | None:
        """Return what was broken at this rate, in words; None if the targets were kept."""
        count = len(self.latencies) + self.unfinished
        slow = self.slow + self.unfinished
        if self.failed >= promise.least_errors and self.failed > promise.error_share * count:
            (commonest, _), *_ = self.errors.most_common(1)
            what = f"{self.error_ratio:.1%} failed, most of them: {commonest}"
        elif slow > promise.slow_share * count:
            what = f"{slow / count:.0%} took longer than {promise.seconds:g} s"
        else:
            return None
        is_late = self.late > _MOST_LATE * count
        return f"{what}; this machine sent {self.late} of {count} late" if is_late else what
