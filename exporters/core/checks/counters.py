"""Sums over the runs of a check, so that availability is a sum and not a sample.

Not prometheus_client's counters: writing those took half of the time of a scrape.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Literal

from exporters.core.checks.check import Histograms, Measured
from exporters.core.checks.connect_counters import ConnectCounters
from exporters.core.checks.histogram import Histogram
from exporters.core.checks.metrics import LABELS
from exporters.core.checks.probe_run import Result
from exporters.core.errors import ErrorClass
from exporters.core.exposition import AnyFamily, Family, HistogramFamily

# In seconds; the edges include those of the documented targets (0.1, 0.2, 0.5, 1, 2, 3).
EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)


class CheckCounters:
    """The counts of one check, all starting at 0: a counter that appears at 1 hides its first event from `increase`."""

    def __init__(
        self,
        labels: tuple[str, str, str],
        filled: Mapping[tuple[str, tuple[str, ...]], Histogram],
        dependency: str = "",
    ) -> None:
        """Count under the labels of one check; `filled`: its own histograms by name, with their label values.

        `dependency`: what it connects to, empty for a check that makes no connections of its own.
        """
        self.connects = ConnectCounters(labels, dependency) if dependency else None
        self._labels = labels
        self._lock = threading.Lock()
        self._failed = dict.fromkeys((c for c in ErrorClass if c is not ErrorClass.INTERNAL), 0)
        self._skipped = {"overrun": 0, "late": 0, "internal": 0}
        # Of the series, made once: a page of many checks has most of its lines from here.
        self._labels_failed = tuple((*labels, error_class.value) for error_class in self._failed)
        self._labels_skipped = tuple((*labels, reason) for reason in self._skipped)
        self._passed = Histogram(EDGES)
        self._consecutive = 0  # failures
        self._measured = filled

    def count(self, result: Result) -> None:
        """Count a completed run; one that failed because of a bug in the exporter counts as if it had not run."""
        if result.error_class is ErrorClass.INTERNAL:
            self.skip("internal")
            return
        with self._lock:
            if result.error_class:
                self._failed[result.error_class] += 1
                self._consecutive += 1
            else:
                self._passed.observe(result.seconds)
                self._consecutive = 0
            for key, found in result.measured.items():
                _count(self._measured[key], found)
            if self.connects:
                self.connects.count(result.connects)

    def skip(self, reason: Literal["overrun", "late", "internal"]) -> None:
        """Count a turn in which the check did not run."""
        with self._lock:
            self._skipped[reason] += 1

    def add_to(
        self, runs: Family, failures: Family, consecutive: Family, skipped: Family, seconds: HistogramFamily
    ) -> None:
        """Add the counts, all from the same moment, to the families."""
        labels = self._labels
        with self._lock:
            sample = self._passed.sample(labels)
            runs.add(sample.count, *labels, "success")
            runs.add(sum(self._failed.values()), *labels, "failure")
            failures.samples += zip(self._labels_failed, self._failed.values(), strict=True)
            consecutive.add(self._consecutive, *labels)
            skipped.samples += zip(self._labels_skipped, self._skipped.values(), strict=True)
            seconds.samples.append(sample)

    def add_measured_to(self, families: Mapping[str, HistogramFamily]) -> None:
        """Add the measurements of the runs to the families of that name."""
        with self._lock:
            for (name, own), histogram in self._measured.items():
                families[name].samples.append(histogram.sample((*self._labels, *own)))


def _count(histogram: Histogram, found: Measured) -> None:
    if found.value is None:
        histogram.observe_censored(found.waited)
    else:
        histogram.observe(found.value)


def families(checks: Iterable[CheckCounters]) -> list[AnyFamily]:
    """Return the counters of all checks."""
    runs = Family(
        "pantrywatch_check_runs_total", "counter", "Runs of the check that ended, by result.", (*LABELS, "result")
    )
    failures = Family(
        "pantrywatch_check_failures_total", "counter", "Runs that failed, by class of error.", (*LABELS, "class")
    )
    consecutive = Family(
        "pantrywatch_check_consecutive_failures", "gauge", "Runs that failed since the last one that passed.", LABELS
    )
    skipped = Family(
        "pantrywatch_check_skipped_total",
        "counter",
        "Turns in which the check did not run: the previous run still hung after its time limit (overrun), others ran "
        "and the previous one began late (late), or the exporter failed (internal).",
        (*LABELS, "reason"),
    )
    seconds = HistogramFamily(
        "pantrywatch_check_duration_seconds",
        "Time of the runs that passed; those that failed are in pantrywatch_check_failures_total.",
        LABELS,
    )
    for counters in checks:
        counters.add_to(runs, failures, consecutive, skipped, seconds)
    return [runs, failures, consecutive, skipped, seconds]


def measured(checks: Iterable[CheckCounters], histograms: Histograms, own: tuple[str, ...]) -> list[HistogramFamily]:
    """Return the histograms of the checks' measurements; `own` are their labels in addition to those of every check."""
    found = {name: HistogramFamily(name, text, (*LABELS, *own)) for name, (_, text) in histograms.items()}
    for counters in checks:
        counters.add_measured_to(found)
    return [family for family in found.values() if family.samples]
