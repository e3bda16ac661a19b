"""This process in numbers, under the names that prometheus_client and the Go exporters give them.

Source: proc_pid_stat(5), proc_stat(5), proc_pid_fd(5).
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Iterator

from exporters.core.exposition import Family, Kind

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def process_families() -> Iterator[Family]:
    """Yield what this process uses; what cannot be read is left out."""
    times = os.times()
    yield _family(
        "cpu_seconds_total", "Total user and system CPU time spent in seconds.", times[0] + times[1], "counter"
    )
    with contextlib.suppress(OSError):
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - as cheap as it gets
            fields = file.read().rpartition(b") ")[2].split()
        yield _family("virtual_memory_bytes", "Virtual memory size in bytes.", int(fields[20]))
        resident = int(fields[21]) * resource.getpagesize()
        yield _family("resident_memory_bytes", "Resident memory size in bytes.", resident)
        started = _boot_time() + int(fields[19]) / _TICKS_PER_SECOND
        yield _family("start_time_seconds", "Start time of the process since unix epoch in seconds.", started)
        opened = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - one is the folder itself
        yield _family("open_fds", "Number of open file descriptors.", opened)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = float("inf") if soft == resource.RLIM_INFINITY else soft
    yield _family("max_fds", "Maximum number of open file descriptors.", most)


def _family(name: str, text: str, value: float, kind: Kind = "gauge") -> Family:
    return Family(f"process_{name}", kind, text, (), [((), value)])


def _boot_time() -> float:
    """Return when this machine started; the same at every scrape, unlike now less the uptime."""
    with open("/proc/stat", "rb") as file:  # noqa: PTH123
        for line in file:
            if line.startswith(b"btime "):
                return float(line.split()[1])
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
