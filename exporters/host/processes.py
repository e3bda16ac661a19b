"""Processes by group: processor time, memory, files, threads. node_exporter has no such metrics; the names are our own.

Sampled in the background: reading every process costs more than the rest of a scrape.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from exporters.core.cardinality import OTHER
from exporters.core.exposition import Family
from exporters.host import process_files
from exporters.host.process_files import ProcessState
from exporters.host.settings import ProcessGroup

_LABELS = ("group",)


@dataclass(slots=True)
class _Process:
    """A process at the last sample: its CPU time, and its group, which follows from name and command line."""

    start: int
    cpu_seconds: float = 0.0
    name: str = ""
    command: bytes = b""
    group: str = OTHER


@dataclass(slots=True)
class GroupTotals:
    """The totals of the processes of one group. `open_files` is None if none of them may be read."""

    processes: int = 0
    threads: int = 0
    memory_bytes: int = 0
    open_files: int | None = None


@dataclass(slots=True)
class Sample:
    """The groups at one moment; `cpu_seconds` never decreases, even when a process ends."""

    at: float = 0.0
    totals: dict[str, GroupTotals] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)


class ProcessGroups:
    """Follows the groups from sample to sample.

    A process belongs to the group that matches its current name and command line, whatever it was started as. CPU time
    counts in the group that the process is in when sampled, and stays there.
    """

    def __init__(
        self, groups: Sequence[ProcessGroup], procfs: str = "/proc", pids: Callable[[], Iterable[int]] | None = None
    ) -> None:
        """Take the groups, in the order in which they are tried; `pids` names the processes to read."""
        self._patterns = [(group.name, re.compile(group.command)) for group in groups]
        self._names = [*(group.name for group in groups), OTHER]
        self._procfs = procfs
        self._pids = pids or (lambda: process_files.pids(procfs))
        self._known: dict[int, _Process] = {}
        self._cpu = dict.fromkeys(self._names, 0.0)
        self._lock = threading.Lock()
        self._sample = Sample()

    def refresh(self) -> None:
        """Read every process once; one that ends meanwhile, or may not be read, is skipped."""
        totals = {name: GroupTotals() for name in self._names}
        known: dict[int, _Process] = {}
        for pid in self._pids():
            try:
                self._add(pid, totals, known)
            except (FileNotFoundError, ProcessLookupError):
                continue
            except (OSError, ValueError):
                # Must not count a second time when it becomes readable again.
                if pid in self._known:
                    known[pid] = self._known[pid]
        self._known = known
        with self._lock:
            self._sample = Sample(time.time(), totals, dict(self._cpu))

    def members(self) -> dict[int, str]:
        """Return PID → group of the latest sample."""
        return {pid: process.group for pid, process in self._known.items()}

    def families(self) -> Iterable[Family]:
        """Return the latest sample, taking one if there is none."""
        with self._lock:
            sample = self._sample
        if not sample.at:
            self.refresh()
            sample = self._sample
        return _families(sample)

    def _add(self, pid: int, totals: dict[str, GroupTotals], known: dict[int, _Process]) -> None:
        state = process_files.read_state(self._procfs, pid)
        if state.kernel:
            return
        seen = self._known.get(pid)
        if seen is None or seen.start != state.start:
            # A process seen for the first time counts in full: it is new, or this is the first sample.
            seen = _Process(state.start)
        self._regroup(seen, state)
        known[pid] = seen
        self._cpu[seen.group] += max(0.0, state.cpu_seconds - seen.cpu_seconds)
        seen.cpu_seconds = max(seen.cpu_seconds, state.cpu_seconds)
        if state.zombie:
            return  # it has ended, and its parent has not reaped it yet
        total = totals[seen.group]
        total.processes += 1
        total.threads += state.threads
        total.memory_bytes += state.memory_bytes
        if seen.group != OTHER:
            with contextlib.suppress(OSError):  # another user's, on an older kernel
                total.open_files = (total.open_files or 0) + process_files.open_files(self._procfs, pid)

    def _regroup(self, seen: _Process, state: ProcessState) -> None:
        """Put the process into its current group; without a command line, only its name can move it to another.

        A process has no command line at its end, and while one program replaces another (exec).
        """
        command = process_files.read_command(self._procfs, state.pid)
        if (state.name, command) == (seen.name, seen.command):
            return
        group = self._group(state.name, command)
        if command or group != OTHER:
            seen.group = group
        seen.name, seen.command = state.name, command

    def _group(self, name: str, command: bytes) -> str:
        for text in process_files.names_of(name, command):
            for group, pattern in self._patterns:
                if pattern.search(text):
                    return group
        return OTHER


def _families(sample: Sample) -> Iterable[Family]:
    count, threads, memory, files, cpu = (
        Family(f"pantrywatch_process_group_{name}", "counter" if name.endswith("_total") else "gauge", text, _LABELS)
        for name, text in (
            ("processes", "Processes in the group (settings: host.process_groups)."),
            ("threads", "Threads of the group's processes."),
            ("memory_rss_bytes", "Resident memory of the group's processes; shared memory counts for each of them."),
            ("open_files", "Open file descriptors of the group's processes that may be read."),
            ("cpu_seconds_total", "CPU time of the group's processes, including those that have ended."),
        )
    )
    for group, total in sample.totals.items():
        count.add(total.processes, group)
        threads.add(total.threads, group)
        memory.add(total.memory_bytes, group)
        cpu.add(sample.cpu_seconds[group], group)
        if total.open_files is not None:
            files.add(total.open_files, group)
    at = Family("pantrywatch_process_groups_timestamp_seconds", "gauge", "When the processes were last sampled.")
    at.add(sample.at)
    return [count, threads, memory, files, cpu, at]
