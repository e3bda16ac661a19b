"""The control group we run in, or the one named in the settings: its limits and use, beside the host's totals.

cgroup v2 and v1. Names are ours: node_exporter has none. A group without any limit says nothing the host does not, so
it has no samples, unless it is named in the settings.
Source of the files: https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from exporters.core.exposition import Family, Kind
from exporters.host.procfs import Roots, read_text

_NO_LIMIT_BYTES = 1 << 60  # v1 writes a number near 2^63 where v2 writes `max`


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    kind: Kind
    help: str


_METRICS: dict[str, _Metric] = {
    "memory_limit": _Metric("memory_limit_bytes", "gauge", "Memory limit of the control group"),
    "memory_usage": _Metric("memory_usage_bytes", "gauge", "Memory charged to the control group, caches included"),
    "memory_working_set": _Metric(
        "memory_working_set_bytes", "gauge", "Memory charged less what can be dropped at once: usage - inactive_file"
    ),
    "memory_anon": _Metric("memory_anon_bytes", "gauge", "Memory that is no file's"),
    "oom_kills": _Metric("oom_kills_total", "counter", "Processes killed at the memory limit"),
    "cpu_limit": _Metric("cpu_limit_cores", "gauge", "Processors the control group may use"),
    "cpu_usage": _Metric("cpu_usage_seconds_total", "counter", "CPU time used by the control group"),
    "cpu_periods": _Metric("cpu_periods_total", "counter", "Periods in which the CPU limit was enforced"),
    "cpu_throttled_periods": _Metric("cpu_throttled_periods_total", "counter", "Periods in which it was reached"),
    "cpu_throttled": _Metric("cpu_throttled_seconds_total", "counter", "Time tasks were held back by the CPU limit"),
    "pids": _Metric("processes", "gauge", "Processes and threads in the control group"),
    "pids_limit": _Metric("processes_limit", "gauge", "Most processes and threads allowed"),
}
_LIMITS = frozenset({"memory_limit", "cpu_limit", "pids_limit"})


def container(roots: Roots, named: str | None = None) -> Iterable[Family]:
    """Return the control group's limits and use; nothing for one without limits, unless it is named."""
    if exists_v2(roots):
        values = _v2(_Files(f"{roots.sysfs}/fs/cgroup{named or _own_group(roots, '')}"))
    else:
        values = _v1(roots, named)
    if named is None and not _LIMITS & values.keys():
        return []
    return [
        Family(f"pantrywatch_container_{metric.name}", metric.kind, f"{metric.help}.", (), [((), values[key])])
        for key, metric in _METRICS.items()
        if key in values
    ]


def exists_v2(roots: Roots) -> bool:
    """Return whether the machine has the one hierarchy of cgroup v2 at the usual place."""
    return bool(_Files(f"{roots.sysfs}/fs/cgroup").text("cgroup.controllers"))


class _Files:
    """The files of one control group; one that is missing, or not for us, is None: the group lacks the controller."""

    def __init__(self, path: str) -> None:
        self._path = path.rstrip("/")

    def text(self, name: str) -> str | None:
        try:
            return read_text(f"{self._path}/{name}").strip()
        except OSError:
            return None

    def limit(self, name: str) -> int | None:
        text = self.text(name)
        value = int(text) if text and text not in {"max", "-1"} else None
        return value if value is not None and value < _NO_LIMIT_BYTES else None

    def fields(self, name: str) -> dict[str, int]:
        lines = (line.split() for line in (self.text(name) or "").splitlines())
        return {words[0]: int(words[1]) for words in lines if len(words) == 2}


def _own_group(roots: Roots, controller: str) -> str:
    """Return the path of our own group in a hierarchy (v2's is named by the empty text), from /proc/self/cgroup."""
    for line in roots.proc("self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path
    return "/"


def _v2(files: _Files) -> dict[str, float]:
    memory, cpu = files.fields("memory.stat"), files.fields("cpu.stat")
    usage = files.limit("memory.current")
    quota, _, period = (files.text("cpu.max") or "max").partition(" ")
    return _present(
        memory_limit=files.limit("memory.max"),
        memory_usage=usage,
        memory_working_set=_difference(usage, memory.get("inactive_file")),
        memory_anon=memory.get("anon"),
        oom_kills=files.fields("memory.events").get("oom_kill"),
        cpu_limit=int(quota) / int(period) if quota != "max" else None,
        cpu_usage=_scaled(cpu.get("usage_usec"), 1e6),
        cpu_periods=cpu.get("nr_periods"),
        cpu_throttled_periods=cpu.get("nr_throttled"),
        cpu_throttled=_scaled(cpu.get("throttled_usec"), 1e6),
        pids=files.limit("pids.current"),
        pids_limit=files.limit("pids.max"),
    )


def _v1(roots: Roots, named: str | None) -> dict[str, float]:
    def group(controller: str) -> _Files:
        base = f"{roots.sysfs}/fs/cgroup/{controller}"
        files = _Files(f"{base}{named or _own_group(roots, controller)}")
        # In a container the group is mounted as the root of the hierarchy, while its path is still the host's.
        return files if files.text("cgroup.procs") is not None else _Files(base)

    memory, cpu, pids = group("memory"), group("cpu"), group("pids")
    stat, throttling = memory.fields("memory.stat"), cpu.fields("cpu.stat")
    usage, quota = memory.limit("memory.usage_in_bytes"), cpu.limit("cpu.cfs_quota_us")
    return _present(
        memory_limit=memory.limit("memory.limit_in_bytes"),
        memory_usage=usage,
        memory_working_set=_difference(usage, stat.get("total_inactive_file")),
        memory_anon=stat.get("total_rss"),
        oom_kills=memory.fields("memory.oom_control").get("oom_kill"),
        cpu_limit=_scaled(quota, cpu.limit("cpu.cfs_period_us") or 100_000),
        cpu_usage=_scaled(group("cpuacct").limit("cpuacct.usage"), 1e9),
        cpu_periods=throttling.get("nr_periods"),
        cpu_throttled_periods=throttling.get("nr_throttled"),
        cpu_throttled=_scaled(throttling.get("throttled_time"), 1e9),
        pids=pids.limit("pids.current"),
        pids_limit=pids.limit("pids.max"),
    )


def _present(**values: float | None) -> dict[str, float]:
    return {key: value for key, value in values.items() if value is not None}


def _scaled(value: int | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _difference(total: int | None, part: int | None) -> int | None:
    return None if total is None or part is None else max(0, total - part)
