"""The scheduler's /metrics: the long memory as `slo:daily_*`, at most 13 months of 100 targets, and its own state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporters.core.clock import Clock
from pantrywatch.scheduler.daily import Daily
from pantrywatch.scheduler.day import Day, day_of, first_kept
from pantrywatch.scheduler.months import Month, months_of

DAILY = "daily"

# Name → what it gives of a month, and its meaning; a month without it has no sample.
_OF_MONTHS: Mapping[str, tuple[Callable[[Month], float | None], str]] = {
    "slo:daily_good:ratio_month": (
        lambda month: month.share, "Share of good events in a calendar month (UTC), without excluded maintenance."
    ),
    "slo:daily_good:ratio_month_with_excluded": (
        lambda month: month.share_with_excluded, "Share of good events in a calendar month, with excluded maintenance."
    ),
    "slo:daily_objective:ratio_month": (
        lambda month: month.objective, "Objective in a calendar month, each day's weighing as its events do."
    ),
    "slo:daily_budget_spent:ratio_month": (
        lambda month: month.budget_spent, "Bad events of a calendar month as a share of those that its events allow."
    ),
    "slo:daily_events:sum_month": (
        lambda month: month.total, "Events in a calendar month, without excluded maintenance."
    ),
    "slo:daily_measured:days_month": (
        lambda month: month.measured_days, "Days of a calendar month that were measured and not excluded."
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Runs:
    """What became of the runs of a task. `succeeded_at`: 0 before the first time."""

    succeeded: bool = False
    succeeded_at: float = 0.0
    failures: int = 0


@dataclass(slots=True, eq=False)  # the registry needs its identity
class SchedulerCollector(Collector):
    """The families of the page; the sums are made again only when the memory changes.

    `tasks`: names of the tasks besides the daily one. Like that, each is on the page before its first run has ended.
    """

    daily: Daily
    clock: Clock = field(default_factory=Clock)
    tasks: Sequence[str] = ()
    started_at: float = 0.0
    _runs: dict[str, _Runs] = field(default_factory=dict)
    _made: tuple[int, list[Day]] | None = None

    def __post_init__(self) -> None:
        self.started_at = self.clock.wall()
        self._runs = {task: _Runs() for task in (DAILY, *self.tasks)}

    def ran(self, task: str, succeeded: bool) -> None:  # noqa: FBT001 - the one thing to say of a run
        """Record a run of a task."""
        runs = self._runs[task]
        runs.succeeded = succeeded
        if succeeded:
            runs.succeeded_at = self.clock.wall()
        else:
            runs.failures += 1

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        days = self._days()
        yield from _newest(days)
        yield from _months(days)
        yield from self._state()

    def _days(self) -> list[Day]:
        """Return the days of the last 13 months that have some."""
        version = self.daily.memory.version
        if self._made is None or self._made[0] != version:
            days = self.daily.memory.days(day_of(self.clock.wall()))
            first = first_kept(days[-1].on) if days else None
            self._made = version, [day for day in days if first is None or day.on >= first]
        return self._made[1]

    def _task_families(self) -> Iterator[Metric]:
        label = ("task",)
        last = GaugeMetricFamily(
            "pantrywatch_scheduler_last_success_timestamp_seconds",
            "When the task last succeeded; before the first time, when the scheduler was started.", labels=label,
        )  # fmt: skip
        succeeded = GaugeMetricFamily(
            "pantrywatch_scheduler_success",
            "Whether the last run of the task succeeded (1) or failed (0).", labels=label,
        )  # fmt: skip
        failures = CounterMetricFamily("pantrywatch_scheduler_failures", "Failed runs of the task.", labels=label)
        for task, runs in self._runs.items():
            last.add_metric((task,), runs.succeeded_at or self.started_at)
            succeeded.add_metric((task,), int(runs.succeeded))
            failures.add_metric((task,), runs.failures)
        yield from (last, succeeded, failures)

    def _state(self) -> Iterator[Metric]:
        yield from self._task_families()
        memory = self.daily.memory
        yield GaugeMetricFamily(
            "pantrywatch_scheduler_days_left_out",
            "Days since the first one in the long memory of which Prometheus had nothing.", self.daily.left_out(),
        )  # fmt: skip
        yield GaugeMetricFamily("pantrywatch_scheduler_lines", "Lines of the long memory.", len(memory.known))
        yield GaugeMetricFamily(
            "pantrywatch_scheduler_damaged_files",
            "Damaged files of the long memory, put aside next to it until somebody removes them.",
            memory.damaged_files(),
        )


def _newest(days: list[Day]) -> Iterator[Metric]:
    """Yield the share of each target that had events on the newest day."""
    family = GaugeMetricFamily(
        "slo:daily_good:ratio", "Share of good events on the newest full day (UTC).", labels=("target",)
    )
    for day in days:
        if day.on == days[-1].on and day.share is not None:
            family.add_metric((day.target,), day.share)
    yield family


def _months(days: list[Day]) -> Iterator[Metric]:
    months = months_of(days)
    for name, (value_of, meaning) in _OF_MONTHS.items():
        family = GaugeMetricFamily(name, meaning, labels=("target", "month"))
        for key, month in months.items():
            if (value := value_of(month)) is not None:
                family.add_metric(key, value)
        yield family
