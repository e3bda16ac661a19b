"""The scheduled checks as one source: a scrape reads the observations of their last runs and waits for nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exporters.core.checks import connect_counters, counters
from exporters.core.checks.check import Gauges, Histograms, PreparedCheck
from exporters.core.checks.metrics import LABELS, last_runs
from exporters.core.checks.probe_run import classify
from exporters.core.checks.scheduled_check import ScheduledCheck
from exporters.core.checks.timetable import MOST_AT_ONCE, Timetable
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import AnyFamily, Family, HistogramFamily, with_label
from exporters.core.scrape import Finding, Run, Up


@dataclass(frozen=True, slots=True)
class CheckMetrics:
    """Metrics of one exporter's kinds, in addition to those of every check; `labels` are the histograms'.

    `vantage`, where it is set, is a label of every sample: the place that the checks look from.
    """

    gauges: Gauges
    histograms: Histograms = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    vantage: str = ""


class CheckSource:
    """The checks of one exporter."""

    target = "local"
    up: Up | None = None

    def __init__(
        self, exporter: str, checks: Sequence[PreparedCheck], metrics: CheckMetrics, *, one_at_a_time: bool = False
    ) -> None:
        """Take the checks with their probes; nothing runs before `start`.

        One at a time: a check that is due waits for the current one, and that wait does not count towards its own time.
        """
        self.exporter = exporter
        self._metrics = metrics
        self._checks = [ScheduledCheck(check, metrics.histograms) for check in checks]
        self._timetable = Timetable(f"checks-{exporter}", self._checks, 1 if one_at_a_time else MOST_AT_ONCE)
        self._started = threading.Event()
        self._started_at = 0.0  # Unix time

    def start(self) -> None:
        """Start the timetable, with the first runs spread over the intervals."""
        self._started_at = time.time()
        self._started.set()
        self._timetable.start()

    def collect(self, run: Run) -> None:
        """Yield the observations of the last runs; without a schedule (the command `check`), run the checks now."""
        if run.only is None and self._started.is_set():
            with run.collector("checks"):
                latest = ((check.labels, last) for check in self._checks if (last := check.latest()))
                self.add(run, last_runs(latest, self._metrics.gauges))
                self.add(run, counters.families(check.counters for check in self._checks))
                self.add(run, self._measured(self._checks))
                self.add(run, self._connects(self._checks))
                self.add(run, self._schedule_state())
            return
        for check in self._checks:
            if run.wants(check.settings.name):
                with run.collector(check.settings.name):
                    self._run_now(check, run)

    def add(self, run: Run, families: Iterable[AnyFamily]) -> None:
        """Put families on the page, with the label of the vantage where there is one."""
        vantage = self._metrics.vantage
        run.add(*(with_label(family, "vantage", vantage) if vantage else family for family in families))

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of an error raised inside `collect`."""
        return classify(error)

    def collectors(self) -> Sequence[str]:
        """Return the names of the checks."""
        return [check.settings.name for check in self._checks]

    def validate(self, _deadline: Deadline) -> list[Finding]:
        """Return nothing: a check needs no privilege, and the files it needs have been read before."""
        return []

    def close(self) -> None:
        """Stop the timetable; a run in progress ends at its own deadline."""
        self._timetable.stop()

    def _schedule_state(self) -> list[Family]:
        """Return the metrics that tell a check that does not run from a target that is down; they never go stale."""
        interval = Family("pantrywatch_check_interval_seconds", "gauge", "Configured time between two runs.", LABELS)
        timeout = Family("pantrywatch_check_timeout_seconds", "gauge", "Configured time limit of a run.", LABELS)
        ran_at = Family(
            "pantrywatch_check_last_run_timestamp_seconds",
            "gauge",
            "When the check last completed a run, passed or failed, Unix time; no sample before the first.",
            LABELS,
        )
        since = Family(
            "pantrywatch_check_scheduled_timestamp_seconds",
            "gauge",
            "When the exporter started to schedule the check, whose first run is due within an interval, Unix time.",
            LABELS,
        )
        dependency = Family(
            "pantrywatch_check_dependency_info", "gauge", "1, with what the check connects to.", (*LABELS, "dependency")
        )
        for check in self._checks:
            if check.dependency:
                dependency.add(1, *check.labels, check.dependency)
            since.add(self._started_at, *check.labels)
            interval.add(check.settings.interval_seconds, *check.labels)
            timeout.add(check.settings.timeout_seconds, *check.labels)
            if check.ran_at is not None:
                ran_at.add(check.ran_at, *check.labels)
        return [interval, timeout, ran_at, since, *([dependency] if dependency.samples else [])]

    def _measured(self, checks: Sequence[ScheduledCheck]) -> list[HistogramFamily]:
        metrics = self._metrics
        return counters.measured((check.counters for check in checks), metrics.histograms, metrics.labels)

    def _connects(self, checks: Sequence[ScheduledCheck]) -> list[AnyFamily]:
        """Return the TCP connects of the checks that make any; nothing where none does."""
        counted = [connects for check in checks if (connects := check.counters.connects)]
        return connect_counters.families(counted) if counted else []

    def _run_now(self, check: ScheduledCheck, run: Run) -> None:
        result = check.run(run.deadline)
        self.add(run, last_runs([(check.labels, result)], self._metrics.gauges))
        self.add(run, self._measured([check]))
        self.add(run, self._connects([check]))
        if result.error_class:
            phases = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in result.phases.items())
            raise CollectError(result.error_class, f"{result.detail} (phases: {phases or 'none'})")
