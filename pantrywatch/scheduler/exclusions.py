"""When planned maintenance begins and ends, as metrics: rules go by the time, also while the scheduler is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.exclusions import Exclusion
from pantrywatch.config.settings import Settings

ALL_TARGETS = "all"


@dataclass(slots=True, eq=False)  # the registry needs its identity
class ExclusionCollector(Collector):
    """The window of each exclusion that it is now, or else the next one; nothing of those that have ended."""

    exclusions: Sequence[Exclusion]
    zone: ZoneInfo
    now: Callable[[], float]

    def collect(self) -> Iterator[Metric]:
        """Yield the two families."""
        labels = ("exclusion", "target")
        begins = GaugeMetricFamily(
            "pantrywatch_exclusion_begins_timestamp_seconds",
            "When planned maintenance begins or began (`exclude` in the settings), of a target or all.", labels=labels,
        )  # fmt: skip
        ends = GaugeMetricFamily(
            "pantrywatch_exclusion_ends_timestamp_seconds",
            "When planned maintenance ends, of a target or all.", labels=labels,
        )  # fmt: skip
        now = self.now()
        for exclusion in self.exclusions:
            if (window := exclusion.window(now, self.zone)) is None:
                continue
            for target in exclusion.targets or (ALL_TARGETS,):
                begins.add_metric((exclusion.name, target), window[0])
                ends.add_metric((exclusion.name, target), window[1])
        yield begins
        yield ends


def zone_of(settings: Settings, settings_file: str) -> ZoneInfo:
    """Return the time zone of the office hours, UTC without them. Raises ConfigError for an unknown one."""
    name = settings.notifications.office_hours.time_zone if settings.notifications else "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        expected = f"expected an IANA time zone such as Europe/Berlin, got {name!r}"
        raise ConfigError([ConfigProblem(settings_file, "notifications.office_hours.time_zone", expected)]) from error
