"""What the panels about room left look back at: disks and memory of this machine, connections and the cache's memory.

The past ends at the values of now, so that nothing jumps where it meets what is measured.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from demo.history.activity import DAY, share_of_peak
from demo.history.blocks import Series, steps
from demo.history.noise import Noise, Wander

# Less than the 5 minutes that Prometheus looks back for a sample.
_STEP = (240, 13)
_DISKS = ("node_filesystem_size_bytes", "node_filesystem_avail_bytes", "node_filesystem_free_bytes",
          "node_filesystem_files", "node_filesystem_files_free")  # fmt: skip
_MEMORY = ("node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes")
# By day, of the size, a disk fills up, and its inodes. Weekends add a quarter of it.
_FILLS = {"bytes": 0.002, "files": 0.0003}
_MEBIBYTE = 1024 * 1024


class Gauge(NamedTuple):
    """A series and its value now; `size` is the limit that it is a part of, 0 for a limit itself."""

    name: str
    labels: str
    now: float
    size: float


def gauges() -> list[Gauge]:
    """Those of this machine as the host exporter shows them; none where it shows nothing. Takes about a second."""
    found = {(name, labels): value for name, labels, value in _host() if name in (*_DISKS, *_MEMORY)}
    listed = []
    for (name, labels), value in sorted(found.items()):
        size = found.get((_size_of(name), labels), 0.0) if name != _size_of(name) else 0.0
        listed.append(Gauge(name, labels, value, size))
    return [*listed, *_OTHERS]


_OTHERS = [
    Gauge("pantrywatch_database_connections_limit", 'job="database",instance="primary"', 57, 0),
    Gauge("pantrywatch_database_connections_used", 'job="database",instance="primary"', 9, 57),
    Gauge("redis_connected_clients", 'job="cache",instance="main"', 12, 100),
    Gauge("redis_memory_max_bytes", 'job="cache",instance="main"', 64 * _MEBIBYTE, 0),
    Gauge("redis_memory_used_bytes", 'job="cache",instance="main"', 2 * _MEBIBYTE, 64 * _MEBIBYTE),
]


def _size_of(name: str) -> str:
    if name in _MEMORY:
        return _MEMORY[0]
    return "node_filesystem_size_bytes" if name.endswith("_bytes") else "node_filesystem_files"


def _host() -> Iterator[tuple[str, str, float]]:
    """Yield name, labels and value of what `pantrywatch-exporter check host` prints."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as settings:
        settings.write("host: {}\n")
        settings.flush()
        command = [sys.executable, "-m", "exporters", "--settings", settings.name, "check", "host"]
        root = Path(__file__).parents[2]
        page = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root).stdout
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            own = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            yield sample.name, f'job="host",instance="local"{"," + own if own else ""}', sample.value


class Machine:
    """All gauges; `now` is when they have the values of now (unix seconds)."""

    def __init__(self, seed: int, all_of: list[Gauge], now: int) -> None:
        self._values = [(gauge, _value(seed, gauge, now)) for gauge in all_of]

    def series(self, start: int, end: int) -> Iterator[Series]:
        """Yield each gauge from `start` on, before `end`; to be asked for one piece of time after the other."""
        times = steps(start, end, *_STEP)
        seconds = range(times.first, times.first + times.every * len(times.lines), times.every)
        for gauge, value in self._values:
            yield Series(gauge.name, gauge.labels, times, [value(second) for second in seconds])


def _value(seed: int, gauge: Gauge, now: int) -> Callable[[int], float]:
    if not gauge.size:
        return lambda _second: gauge.now
    if gauge.name in _DISKS:
        by_day = _FILLS["bytes" if gauge.name.endswith("_bytes") else "files"] * gauge.size
        return lambda second: min(gauge.size, gauge.now + by_day * (now - second) / DAY)
    return _busy(seed, gauge, now)


def _busy(seed: int, gauge: Gauge, now: int) -> Callable[[int], float]:
    """What follows the working day: less memory is available, more connections are used."""
    wander = Wander(Noise(seed, gauge.name), 3 * 3600, _STEP[0])
    spread = 0.02 * gauge.size
    direction = -1 if "Available" in gauge.name else 1
    high = 0.1 * gauge.size
    quiet = share_of_peak(now)

    def value(second: int) -> float:
        differs = high * direction * (share_of_peak(second) - quiet)
        fades = 1 - math.exp(-max(0, now - second) / 3600)  # the last hour leads to the value of now
        return max(0.01 * gauge.size, min(gauge.size, gauge.now + fades * (differs + spread * wander.next())))

    return value
