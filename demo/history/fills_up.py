"""What the rules of forecasts would have recorded of the machine: what is in use, and what is typical and highest."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from demo.history.activity import DAY
from demo.history.blocks import Series, steps

# Each group: interval, and when in it.
_USED = (60, 31)
_DAYS = (300, 33)
# The live rules look back a day for what is in use.
_USED_SECONDS = DAY + 3600
_LEFT_OUT = {"tmpfs", "ramfs", "squashfs", "overlay"}
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_Values = Sequence[float]
# Part of a machine (labels but the job) → name → values.
_Parts = Mapping[tuple[tuple[str, str], ...], Mapping[str, _Values]]


class FillsUp:
    """All resources of the gauges; `until` is when the past ends (unix seconds)."""

    def __init__(self, until: int) -> None:
        self._used_from = until - _USED_SECONDS
        self._days: dict[str, _Day] = {}

    def series(self, gauges: Iterable[Series], start: int, end: int) -> Iterator[Series]:
        """Yield what was recorded of such gauges; to be asked for one piece of time after the other."""
        listed = list(gauges)
        if not listed or not listed[0].steps.lines:
            return
        found = _resources(_parts(listed))
        times = listed[0].steps
        for labels, used in found.items():
            self._days.setdefault(labels, _Day()).add(times.first, times.every, used)
        if end > self._used_from:
            at = steps(max(start, self._used_from), end, *_USED)
            for labels, used in found.items():
                index = (max(0, (at.first + 60 * line - times.first) // times.every) for line in range(len(at.lines)))
                yield Series("crm:resource_used:ratio", labels, at, [used[min(one, len(used) - 1)] for one in index])
        at = steps(start, end, *_DAYS)
        seconds = range(at.first, at.first + at.every * len(at.lines), at.every)
        known = {labels: [self._days[labels].at(second) for second in seconds] for labels in found}
        for labels, values in known.items():
            typical = [value and value[0] for value in values]
            yield Series("crm:resource_typical:ratio1d", labels, at, typical)
        for labels, values in known.items():
            yield Series("crm:resource_highest:ratio1d", labels, at, [value and value[1] for value in values])


@dataclass(slots=True)
class _Day:
    """What is in use, as of the last day."""

    _waiting: deque[tuple[int, float]] = field(default_factory=deque)
    _kept: deque[tuple[int, float]] = field(default_factory=deque)
    _sorted: list[float] = field(default_factory=list)

    def add(self, first: int, every: int, used: _Values) -> None:
        self._waiting.extend((first + every * number, value) for number, value in enumerate(used))

    def at(self, second: int) -> tuple[float, float] | None:
        """Return median and maximum of the day before a time, None before there is any; times only go on."""
        while self._waiting and self._waiting[0][0] <= second:
            self._kept.append(self._waiting.popleft())
            insort(self._sorted, self._kept[-1][1])
        while self._kept and self._kept[0][0] <= second - DAY:
            del self._sorted[bisect_left(self._sorted, self._kept.popleft()[1])]
        return (median(self._sorted), self._sorted[-1]) if self._sorted else None


def _parts(gauges: Iterable[Series]) -> _Parts:
    found: dict[tuple[tuple[str, str], ...], dict[str, _Values]] = {}
    for series in gauges:
        labels = {name: value for name, value in _LABEL.findall(series.labels) if name != "job"}
        if labels.get("fstype") not in _LEFT_OUT:
            values = [value or 0.0 for value in series.values]
            found.setdefault(tuple(sorted(labels.items())), {})[series.name] = values
    return found


def _resources(parts: _Parts) -> dict[str, _Values]:
    """Labels → what is in use, of the recorded series; of several disks at one place the fullest."""
    found: dict[str, _Values] = {}
    for labels, series in parts.items():
        for resource, component, used in _of(series):
            named = {"component": component, "resource": resource, "instance": dict(labels)["instance"]}
            if "mountpoint" in dict(labels):
                named["name"] = dict(labels)["mountpoint"]
            text = ",".join(f'{name}="{value}"' for name, value in sorted(named.items()))
            found[text] = max(found.get(text, used), used, key=lambda values: values[-1])
    return found


def _of(series: Mapping[str, _Values]) -> Iterator[tuple[str, str, _Values]]:
    """Yield resource, component and the share in use of one part."""
    if size := series.get("node_filesystem_size_bytes"):
        free, available = series["node_filesystem_free_bytes"], series["node_filesystem_avail_bytes"]
        room = zip(size, free, available, strict=True)
        yield "disk", "host", [1 - left / max(1.0, all_of - unused + left) for all_of, unused, left in room]
    for resource, component, part, whole in _SHARES:
        if part in series and max(series.get(whole, [0.0])) > 0:
            share = [one / all_of for one, all_of in zip(series[part], series[whole], strict=True)]
            yield resource, component, [1 - one for one in share] if component == "host" else share


# Resource, component, and what it is a share of; of a host the rest is in use.
_SHARES = (
    ("inodes", "host", "node_filesystem_files_free", "node_filesystem_files"),
    ("memory", "host", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
    ("connections", "database", "pantrywatch_database_connections_used", "pantrywatch_database_connections_limit"),
    ("cache memory", "cache", "redis_memory_used_bytes", "redis_memory_max_bytes"),
)
