"""A check with its last result, its counters and the run in progress."""

from __future__ import annotations

import time

from exporters.core.checks.check import Histograms, PreparedCheck
from exporters.core.checks.counters import CheckCounters
from exporters.core.checks.histogram import Histogram
from exporters.core.checks.metrics import check_labels
from exporters.core.checks.probe_run import ProbeRun, Result
from exporters.core.checks.workers import Start, in_own_thread
from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass

_STALE_INTERVALS = 3  # an older result is stale: no sample


class ScheduledCheck:
    """A check that a timetable runs; scrapes read it from other threads."""

    def __init__(self, check: PreparedCheck, histograms: Histograms) -> None:
        self.settings = check.settings
        self.labels = check_labels(check.settings)
        self.dependency = check.dependency
        self._probe = check.probe
        filled = {(name, own): Histogram(histograms[name][0]) for name, own in check.histograms}
        self.counters = CheckCounters(self.labels, filled, check.dependency)
        self._last: Result | None = None
        self.ran_at: float | None = None  # Unix time when the last run ended

    def run(self, deadline: Deadline) -> Result:
        """Run now, until the deadline or the check's own, whichever comes first."""
        own = time.monotonic() + self.settings.timeout_seconds
        return self.end(self.begin(Deadline(min(deadline.at, own)), in_own_thread))

    def begin(self, deadline: Deadline, start: Start) -> ProbeRun:
        """Return a run that has just begun."""
        return ProbeRun(self.settings.name, self._probe, deadline, start)

    def end(self, run: ProbeRun) -> Result:
        """Return how a run ended, at its deadline at the latest; it is kept and counted."""
        self._last = result = run.result()
        self.counters.count(result)
        if result.error_class is not ErrorClass.INTERNAL:
            self.ran_at = result.timestamp_seconds
        return result

    def latest(self) -> Result | None:
        """Return the last result, or None before the first and once it is stale."""
        last = self._last
        fresh = last and time.monotonic() - last.ended_at <= _STALE_INTERVALS * self.settings.interval_seconds
        return last if fresh else None
