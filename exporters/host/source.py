"""This machine as a source: one table of collectors, with node_exporter's names for them."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass, classify_network_error
from exporters.core.exposition import Family
from exporters.core.scheduler import Periodic
from exporters.core.scrape import Finding, Run, Source, Up, run_once
from exporters.host import cgroup, cpu, disk, filesystem, memory, network, system
from exporters.host.connections import GroupConnections
from exporters.host.processes import ProcessGroups
from exporters.host.procfs import Roots, exists
from exporters.host.settings import HostSettings

_MARGIN_SECONDS = 0.1  # for what is left to do after the file systems
_REMEDIES: Mapping[ErrorClass | None, str] = {
    ErrorClass.VERSION: "this kernel does not have it, or has it switched off: its metrics are missing",
    ErrorClass.PERMISSION: "run the exporter as a user who may read it, or do without its metrics",
    ErrorClass.PROTOCOL: "a file of the kernel has lines in an unknown format: their metrics are missing",
}

# Collectors without state. File systems come last: they can block on a hung mount.
_COLLECTORS: Mapping[str, Callable[[Roots], Iterable[Family]]] = {
    "loadavg": cpu.load,
    "meminfo": memory.meminfo,
    "vmstat": memory.vmstat,
    "pressure": cpu.pressure,
    "netdev": network.devices,
    "netclass": network.classes,
    "netstat": network.netstat,
    "sockstat": network.sockstat,
    "softnet": network.softnet,
    "conntrack": network.conntrack,
    "filefd": system.file_handles,
    "entropy": system.entropy,
    "uname": system.uname,
    "os": system.release,
    "time": system.clock,
    "timex": system.timex,
}


def sources(section: HostSettings, _settings_file: str) -> list[Source]:
    """Return this machine."""
    return [HostSource(section)]


class HostSource:
    """Scrapes this machine; processes are sampled in the background."""

    exporter = "host"
    up: Up | None = None

    def __init__(self, settings: HostSettings, sizes: filesystem.MountSizes | None = None) -> None:
        """Take the settings; `sizes` reads the sizes of mounts."""
        self.target = settings.name
        self._roots = Roots(settings.procfs, settings.sysfs, settings.rootfs)
        self._sizes = sizes or filesystem.MountSizes()
        self._groups = ProcessGroups(settings.process_groups, settings.procfs)
        interval = settings.process_interval_seconds
        self._connections = GroupConnections((group.name for group in settings.process_groups), settings.procfs)
        self._periodic = Periodic("process-groups", interval, self._sample)
        self._collectors: dict[str, Callable[[Roots], Iterable[Family]]] = {
            "stat": partial(cpu.stat, times=cpu.ProcessorTimes()),
            "diskstats": partial(disk.diskstats, times=disk.DeviceTimes()),
            **_COLLECTORS,
            "container": partial(cgroup.container, named=settings.cgroup),
        }

    def start(self) -> None:
        """Start sampling processes in the background."""
        self._periodic.start()

    def collect(self, run: Run) -> None:
        """Run every collector; one that fails loses only its own families."""
        for name, read in self._collectors.items():
            run.collect(name, partial(read, self._roots))
        run.collect("processes", self._groups.families)
        run.collect("connections", self._connections.families)
        deadline = run.deadline.earlier(_MARGIN_SECONDS)
        run.collect("filesystem", lambda: filesystem.filesystems(self._roots, self._sizes, deadline))
        run.add(*_successes(run))

    def _sample(self) -> None:
        self._groups.refresh()
        self._connections.refresh(self._groups.members())

    def classify(self, error: BaseException) -> ErrorClass:
        """Return `version` for what this kernel does not have, `permission` for what may not be read."""
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            return ErrorClass.EXHAUSTED
        if isinstance(error, PermissionError):
            return ErrorClass.PERMISSION
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            return ErrorClass.VERSION  # a missing file, or EOPNOTSUPP for one that is switched off
        return classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        """Return the names that `check` accepts."""
        return (*self._collectors, "processes", "connections", "filesystem")

    def validate(self, deadline: Deadline) -> list[Finding]:
        """Try every collector once."""
        run = run_once(self, deadline)
        found = [
            Finding(
                outcome.error_class is None, f"collector {outcome.collector}", _REMEDIES.get(outcome.error_class, "")
            )
            for outcome in run.outcomes()
        ]
        if not exists(f"{self._roots.procfs}/1/mounts"):
            what = "the mounts of the host"
            found.append(Finding(ok=False, what=what, remedy="mount the host's /proc, and set host.procfs to it"))
        return found

    def close(self) -> None:
        """Stop the background work."""
        self._periodic.stop()


def _successes(run: Run) -> Iterable[Family]:
    """Return node_exporter's own metrics about its collectors, which rules written for it use."""
    success = Family("node_scrape_collector_success", "gauge", "Whether the collector succeeded.", ("collector",))
    duration = Family("node_scrape_collector_duration_seconds", "gauge", "Time the collector took.", ("collector",))
    for outcome in run.outcomes():
        success.add(int(outcome.error_class is None), outcome.collector)
        duration.add(outcome.seconds, outcome.collector)
    return [success, duration]
