"""Block devices: /proc/diskstats. Names as in node_exporter.

Source of the columns: https://www.kernel.org/doc/html/latest/admin-guide/iostats.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from exporters.core.exposition import Family, Kind
from exporters.host.procfs import Roots, Table, fields, label, lines, number

_SECTOR_BYTES = 512  # in this file, regardless of the device's own sector size
_PARTITIONS = re.compile(r"(?:(?:ram|loop|fd)|(?:h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+")

# Column after the device's name → metric, type, value of one unit in the file.
_COLUMNS: tuple[tuple[int, str, Kind, float, str], ...] = (
    (0, "reads_completed_total", "counter", 1, "Reads completed"),
    (1, "reads_merged_total", "counter", 1, "Reads merged"),
    (2, "read_bytes_total", "counter", _SECTOR_BYTES, "Bytes read"),
    (3, "read_time_seconds_total", "counter", 1e-3, "Total time of all reads"),
    (4, "writes_completed_total", "counter", 1, "Writes completed"),
    (5, "writes_merged_total", "counter", 1, "Writes merged"),
    (6, "written_bytes_total", "counter", _SECTOR_BYTES, "Bytes written"),
    (7, "write_time_seconds_total", "counter", 1e-3, "Total time of all writes"),
    (8, "io_now", "gauge", 1, "Requests in progress"),
    (9, "io_time_seconds_total", "counter", 1e-3, "Time with requests in progress"),
    (10, "io_time_weighted_seconds_total", "counter", 1e-3, "Time with requests in progress, weighted by their number"),
    (11, "discards_completed_total", "counter", 1, "Discards completed"),
    (12, "discards_merged_total", "counter", 1, "Discards merged"),
    (13, "discarded_sectors_total", "counter", 1, "Sectors discarded"),
    (14, "discard_time_seconds_total", "counter", 1e-3, "Total time of all discards"),
    (15, "flush_requests_total", "counter", 1, "Flushes completed"),
    (16, "flush_requests_time_seconds_total", "counter", 1e-3, "Total time of all flushes"),
)


_MOST_CORRECTED = 3000  # milliseconds by which a kernel corrects a device's times; more means a wrap, or another device

_Row = tuple[str, list[int]]


class DeviceTimes:
    """The times of each device, which never decrease slightly: a rate would take that for a reset."""

    def __init__(self) -> None:
        """Start without previous times."""
        self._last: dict[str, list[int]] = {}

    def steady(self, device: str, values: list[int]) -> list[int]:
        """Return the row to report."""
        last = self._last.get(device, values)
        shown = list(values)
        for column in _TIMES:
            if column < min(len(values), len(last)) and 0 < last[column] - values[column] <= _MOST_CORRECTED:
                shown[column] = last[column]
        self._last[device] = shown
        return shown


_TIMES = [column for column, _, kind, unit, _ in _COLUMNS if kind == "counter" and unit < 1]


def diskstats(roots: Roots, times: DeviceTimes) -> Iterable[Family]:
    """Return the counters of whole devices; partitions, already included in them, are left out."""
    table = Table("/proc/diskstats")
    rows = dict(table.rows(lines(roots.proc("diskstats")), _device))
    devices = [(label(device), times.steady(device, values)) for device, values in rows.items()]
    for column, name, kind, unit, text in _COLUMNS:
        family = Family(f"node_disk_{name}", kind, f"{text}, from /proc/diskstats.", ("device",))
        for device, values in devices:
            if column < len(values):  # Linux 4.18 and 5.5 added the last columns
                value = values[column]
                family.add(value / 1000 if unit < 1 else value * int(unit), device)
        if family.samples:
            yield family
    table.report()


def _device(line: str) -> _Row | None:
    _, _, name, *values = fields(line)
    if _PARTITIONS.fullmatch(name):
        return None
    if len(values) < 11:
        raise ValueError("too few columns")
    return name, [number(value) for value in values[: len(_COLUMNS)]]
