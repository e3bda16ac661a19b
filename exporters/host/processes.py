"""Processes by group: processor time, memory, files, threads. Names are ours: node_exporter has none.

Sampled in the background: looking at every process costs more than the rest of a scrape.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import psutil

from exporters.core.exposition import Family
from exporters.host.settings import ProcessGroup

OTHER = "other"
_LABELS = ("group",)
_LONGEST_COMMAND = 2000  # characters of a command line that are searched
_KERNEL_PARENT = 2  # kthreadd: threads of the kernel are no processes of anybody's


@dataclass(slots=True)
class _Process:
    """A process seen before: its group, and the CPU time it had then."""

    group: str
    cpu_seconds: float


@dataclass(slots=True)
class _Totals:
    """What the processes of one group add up to. `open_files` is None where none may be looked at."""

    processes: int = 0
    threads: int = 0
    memory_bytes: int = 0
    open_files: int | None = None


@dataclass(slots=True)
class Sample:
    """The groups at one moment; `cpu_seconds` only ever rises, also when a process ends."""

    at: float = 0.0
    totals: dict[str, _Totals] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)


class ProcessGroups:
    """Follows the groups from sample to sample."""

    def __init__(
        self,
        groups: Sequence[ProcessGroup],
        processes: Callable[[], Iterator[psutil.Process]] = psutil.process_iter,
    ) -> None:
        """Take the groups, in the order in which they are tried."""
        self._patterns = [(group.name, re.compile(group.command)) for group in groups]
        self._names = [*(group.name for group in groups), OTHER]
        self._processes = processes
        self._known: dict[psutil.Process, _Process] = {}  # a process equals itself by pid and time of creation
        self._cpu = dict.fromkeys(self._names, 0.0)
        self._lock = threading.Lock()
        self._sample = Sample()

    def refresh(self) -> None:
        """Look at every process once; one that ends meanwhile, or may not be looked at, is passed over."""
        totals = {name: _Totals() for name in self._names}
        known: dict[psutil.Process, _Process] = {}
        for process in self._processes():
            try:
                self._add(process, totals, known)
            except (psutil.Error, OSError):
                continue
        self._known = known
        with self._lock:
            self._sample = Sample(time.time(), totals, dict(self._cpu))

    def families(self) -> Iterable[Family]:
        """Return the latest sample, taking one where there is none."""
        with self._lock:
            sample = self._sample
        if not sample.at:
            self.refresh()
            sample = self._sample
        return _families(sample)

    def _add(self, process: psutil.Process, totals: dict[str, _Totals], known: dict[psutil.Process, _Process]) -> None:
        with process.oneshot():
            # psutil hands out the old object where the number has been given to a new process since.
            if process.ppid() == _KERNEL_PARENT or not process.is_running():
                return
            seen = self._known.get(process) or _Process(self._group(process), 0.0)
            times = process.cpu_times()
            cpu = times.user + times.system
            # A process seen for the first time counts whole: it is new, or this is the first sample.
            self._cpu[seen.group] += max(0.0, cpu - seen.cpu_seconds)
            seen.cpu_seconds = cpu
            known[process] = seen
            total = totals[seen.group]
            total.processes += 1
            total.threads += process.num_threads()
            total.memory_bytes += process.memory_info().rss
        if seen.group != OTHER:
            with contextlib.suppress(psutil.AccessDenied):  # another user's: not ours to see, unless run as root
                total.open_files = (total.open_files or 0) + process.num_fds()

    def _group(self, process: psutil.Process) -> str:
        name, command = process.name(), ""
        for group, pattern in self._patterns:
            if pattern.search(name):
                return group
        try:
            command = " ".join(process.cmdline())[:_LONGEST_COMMAND]
        except psutil.AccessDenied:
            return OTHER
        return next((group for group, pattern in self._patterns if pattern.search(command)), OTHER)


def _families(sample: Sample) -> Iterable[Family]:
    count, threads, memory, files, cpu = (
        Family(f"pantrywatch_process_group_{name}", "counter" if name.endswith("_total") else "gauge", text, _LABELS)
        for name, text in (
            ("processes", "Processes in the group (settings: host.process_groups)."),
            ("threads", "Threads of the group's processes."),
            ("memory_rss_bytes", "Resident memory of the group's processes; memory they share counts for each."),
            ("open_files", "Open file descriptors of those of the group's processes that may be looked at."),
            ("cpu_seconds_total", "CPU time of the group's processes, those that have ended included."),
        )
    )
    for group, total in sample.totals.items():
        count.add(total.processes, group)
        threads.add(total.threads, group)
        memory.add(total.memory_bytes, group)
        cpu.add(sample.cpu_seconds[group], group)
        if total.open_files is not None:
            files.add(total.open_files, group)
    at = Family("pantrywatch_process_groups_timestamp_seconds", "gauge", "When the processes were last looked at.")
    at.add(sample.at)
    return [count, threads, memory, files, cpu, at]
