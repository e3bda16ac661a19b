"""The scheduler's /metrics: the long memory as `slo:daily_*`, at most 13 months of 100 targets, and its own state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporters.core.clock import Clock
from pantrywatch.scheduler.daily import Daily
from pantrywatch.scheduler.day import Day, day_of, first_kept
from pantrywatch.scheduler.months import Month, months_of

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


@dataclass(slots=True, eq=False)  # the registry needs its identity
class SchedulerCollector(Collector):
    """The families of the page; the sums are made again only when the memory changes."""

    daily: Daily
    clock: Clock = field(default_factory=Clock)
    started_at: float = 0.0
    succeeded_at: float = 0.0
    answered: bool = False
    failures: int = 0
    others: dict[str, tuple[bool, int]] = field(default_factory=dict)  # task → whether it last succeeded, failures
    _made: tuple[int, list[Day]] | None = None

    def __post_init__(self) -> None:
        self.started_at = self.clock.wall()

    def ran(self, succeeded: bool) -> None:  # noqa: FBT001 - the one thing to say of a run
        """Record a run of the daily task."""
        self.answered = succeeded
        if succeeded:
            self.succeeded_at = self.clock.wall()
        else:
            self.failures += 1

    def other_ran(self, task: str, *, succeeded: bool) -> None:
        """Record a run of another task."""
        _, failures = self.others.get(task, (True, 0))
        self.others[task] = succeeded, failures + (not succeeded)

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

    def _state(self) -> Iterator[Metric]:
        memory, task = self.daily.memory, ("task",)
        yield _of_task(
            "pantrywatch_scheduler_last_success_timestamp_seconds",
            "When the task last succeeded; before the first time, when the scheduler was started.",
            self.succeeded_at or self.started_at,
        )
        succeeded = _of_task(
            "pantrywatch_scheduler_success", "Whether the last run of the task succeeded (1) or failed (0).",
            int(self.answered),
        )  # fmt: skip
        for name, (ok, _) in self.others.items():
            succeeded.add_metric((name,), int(ok))
        yield succeeded
        failures = CounterMetricFamily("pantrywatch_scheduler_failures", "Failed runs of the task.", labels=task)
        failures.add_metric(("daily",), self.failures)
        for name, (_, failed) in self.others.items():
            failures.add_metric((name,), failed)
        yield failures
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


def _of_task(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=("task",))
    family.add_metric(("daily",), value)
    return family


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
