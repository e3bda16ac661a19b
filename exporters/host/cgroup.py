"""The control group that the exporter runs in, or the one named in the settings: its limits and usage.

cgroup v2 and v1. node_exporter has no such metrics, so the names are our own. A group without any limit adds nothing to
the host's totals, so it has no samples unless it is named in the settings. Source of the files:
https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import NamedTuple

from exporters.core.exposition import Family, Kind
from exporters.host.procfs import Roots, exists, lines, number, read_text

_NO_LIMIT_BYTES = 1 << 60  # v1 writes a number near 2^63 where v2 writes `max`


class _Metric(NamedTuple):
    name: str
    kind: Kind
    help: str


_METRICS: dict[str, _Metric] = {
    "memory_limit": _Metric("memory_limit_bytes", "gauge", "Memory limit of the control group, or of an enclosing one"),
    "memory_usage": _Metric("memory_usage_bytes", "gauge", "Memory charged to the control group, including caches"),
    "memory_working_set": _Metric(
        "memory_working_set_bytes",
        "gauge",
        "Memory charged, without what can be dropped immediately: usage - inactive_file",
    ),
    "memory_anon": _Metric("memory_anon_bytes", "gauge", "Memory that does not belong to a file"),
    "oom_kills": _Metric("oom_kills_total", "counter", "Processes killed at the memory limit"),
    "cpu_limit": _Metric("cpu_limit_cores", "gauge", "Processors that the control group, or an enclosing one, may use"),
    "cpu_usage": _Metric("cpu_usage_seconds_total", "counter", "CPU time used by the control group"),
    "cpu_periods": _Metric("cpu_periods_total", "counter", "Periods in which the CPU limit was enforced"),
    "cpu_throttled_periods": _Metric(
        "cpu_throttled_periods_total", "counter", "Periods in which the CPU limit was reached"
    ),
    "cpu_throttled": _Metric("cpu_throttled_seconds_total", "counter", "Time tasks were throttled by the CPU limit"),
    "pids": _Metric("processes", "gauge", "Processes and threads in the control group"),
    "pids_limit": _Metric(
        "processes_limit", "gauge", "Maximum number of processes and threads, of this group or an enclosing one"
    ),
}
_LIMITS = frozenset({"memory_limit", "cpu_limit", "pids_limit"})


def container(roots: Roots, named: str | None = None) -> Iterable[Family]:
    """Return the control group's limits and usage; nothing for one without limits, unless it is named.

    A limit is the smallest of the group's own and those of its visible enclosing groups.
    """
    values = _values(roots, named)
    if named is None and not _LIMITS & values.keys():
        return []
    return [
        Family(f"pantrywatch_container_{metric.name}", metric.kind, f"{metric.help}.", (), [((), values[key])])
        for key, metric in _METRICS.items()
        if key in values
    ]


class _Files:
    """The files of one control group; None for one that is missing or unreadable: the group lacks the controller."""

    def __init__(self, path: str) -> None:
        self._path = path.rstrip("/")

    def text(self, name: str) -> str | None:
        try:
            return read_text(f"{self._path}/{name}").rstrip("\n")
        except OSError:
            return None

    def limit(self, name: str) -> int | None:
        return _limit(self.text(name))

    def fields(self, name: str) -> dict[str, int]:
        found = {}
        for line in lines(self.text(name) or ""):
            key, _, value = line.partition(" ")
            with contextlib.suppress(ValueError):
                found[key] = number(value)
        return found


_Group = list[_Files]  # a control group and its enclosing groups, up to the visible root


def _values(roots: Roots, named: str | None) -> dict[str, float]:
    own = _own_paths(roots)
    # v1 has a hierarchy for each controller, v2 one for all; on a hybrid machine a controller is in either.
    memory, cpu, pids = (_v1_group(roots, name, named, own) for name in ("memory", "cpu", "pids"))
    accounts, sets = (_v1_group(roots, name, named, own) for name in ("cpuacct", "cpuset"))
    unified = _v2_group(roots, named, own)
    values = (
        (_memory_v1(memory) if memory else _memory_v2(unified))
        | (_cpu_v1(cpu, accounts or cpu) if cpu else _cpu_v2(unified))
        | _pids(pids or unified)
    )
    least = _least([values.get("cpu_limit"), _processors(roots, sets or unified)])
    return values | _present(cpu_limit=least)


def _own_paths(roots: Roots) -> dict[str, str]:
    """Return controller → path of our own group; v2 has the empty text as its controller. From /proc/self/cgroup."""
    found: dict[str, str] = {}
    for line in lines(roots.proc("self/cgroup")):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        found |= dict.fromkeys(controllers.split(","), path)
    return found


def _v1_group(roots: Roots, controller: str, named: str | None, own: dict[str, str]) -> _Group:
    base = f"{roots.sysfs}/fs/cgroup/{controller}"
    if exists(f"{roots.sysfs}/fs/cgroup/cgroup.controllers") or not exists(base):
        return []
    return _path_up(base, named) if named else _own_group(base, own.get(controller, "/"))


def _v2_group(roots: Roots, named: str | None, own: dict[str, str]) -> _Group:
    base = f"{roots.sysfs}/fs/cgroup"
    if not exists(f"{base}/cgroup.controllers"):
        base = f"{base}/unified"
    return _path_up(base, named) if named else _own_group(base, own.get("", "/"))


def _own_group(base: str, path: str) -> _Group:
    """Return our group and its enclosing groups; only the root if the path is not part of the mount here.

    In a container without its own cgroup namespace, our group is mounted as the root, but its path is the host's.
    """
    if ".." in path.split("/") or not exists(f"{base}{path}"):
        return [_Files(base)]
    return _path_up(base, path)


def _path_up(base: str, path: str) -> _Group:
    parts = [part for part in path.split("/") if part]
    return [_Files("/".join((base, *parts[:depth]))) for depth in range(len(parts), -1, -1)]


def _memory_v2(group: _Group) -> dict[str, float]:
    files = group[0]
    stat = files.fields("memory.stat")
    usage = files.limit("memory.current")
    return _present(
        memory_limit=_least(around.limit("memory.max") for around in group),
        memory_usage=usage,
        memory_working_set=_difference(usage, stat.get("inactive_file")),
        memory_anon=stat.get("anon"),
        oom_kills=files.fields("memory.events").get("oom_kill"),
    )


def _memory_v1(group: _Group) -> dict[str, float]:
    files = group[0]
    stat = files.fields("memory.stat")
    usage = files.limit("memory.usage_in_bytes")
    # The kernel's own answer, if it gives one: whether enclosing groups count is a setting of v1.
    least: float | None = _bounded(stat.get("hierarchical_memory_limit"))
    if "hierarchical_memory_limit" not in stat:
        least = _least(around.limit("memory.limit_in_bytes") for around in group)
    return _present(
        memory_limit=_least([least, files.limit("memory.limit_in_bytes")]),
        memory_usage=usage,
        memory_working_set=_difference(usage, stat.get("total_inactive_file")),
        memory_anon=stat.get("total_rss"),
        oom_kills=files.fields("memory.oom_control").get("oom_kill"),
    )


def _cpu_v2(group: _Group) -> dict[str, float]:
    stat = group[0].fields("cpu.stat")
    return _present(
        cpu_limit=_least(_cores(*(around.text("cpu.max") or "").partition(" ")[::2]) for around in group),
        cpu_usage=_scaled(stat.get("usage_usec"), 1e6),
        cpu_periods=stat.get("nr_periods"),
        cpu_throttled_periods=stat.get("nr_throttled"),
        cpu_throttled=_scaled(stat.get("throttled_usec"), 1e6),
    )


def _cpu_v1(group: _Group, accounts: _Group) -> dict[str, float]:
    stat = group[0].fields("cpu.stat")
    quotas = (_cores(around.text("cpu.cfs_quota_us"), around.text("cpu.cfs_period_us")) for around in group)
    return _present(
        cpu_limit=_least(quotas),
        cpu_usage=_scaled(accounts[0].limit("cpuacct.usage"), 1e9),
        cpu_periods=stat.get("nr_periods"),
        cpu_throttled_periods=stat.get("nr_throttled"),
        cpu_throttled=_scaled(stat.get("throttled_time"), 1e9),
    )


def _pids(group: _Group) -> dict[str, float]:
    return _present(
        pids=group[0].limit("pids.current"),
        pids_limit=_least(around.limit("pids.max") for around in group),
    )


def _processors(roots: Roots, group: _Group) -> int | None:
    """Return how many processors the nearest cpuset leaves to the group, or None if these are all of the machine."""
    names = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")  # v2; v1; v1 of old kernels
    sets = (around.text(name) for around in group for name in names)
    mine = next(filter(None, map(_count, sets)), 0)
    return mine if 0 < mine < _count(_Files(f"{roots.sysfs}/devices/system/cpu").text("online")) else None


def _count(processors: str | None) -> int:
    """Return how many processors a list such as `0-3,8` has; 0 for one that is missing or malformed."""
    try:
        ends = [[number(end) for end in part.split("-")] for part in (processors or "").split(",")]
    except ValueError:
        return 0
    return sum(max(0, end[-1] - end[0] + 1) for end in ends)


def _limit(text: str | None) -> int | None:
    """Return a number, or None for `max`, -1, or a file that is missing or contains none."""
    with contextlib.suppress(ValueError):
        return _bounded(number(text or ""))
    return None


def _bounded(value: int | None) -> int | None:
    return value if value is not None and 0 <= value < _NO_LIMIT_BYTES else None


def _cores(quota: str | None, period: str | None) -> float | None:
    time, of = _limit(quota), _limit(period)
    return time / of if time is not None and of else None


def _least(limits: Iterable[float | None]) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _present(**values: float | None) -> dict[str, float]:
    return {key: value for key, value in values.items() if value is not None}


def _scaled(value: int | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _difference(total: int | None, part: int | None) -> int | None:
    return None if total is None or part is None else max(0, total - part)
