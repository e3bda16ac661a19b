"""Block devices: /proc/diskstats. Names as node_exporter.

Source of the columns: https://www.kernel.org/doc/html/latest/admin-guide/iostats.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from exporters.core.exposition import Family, Kind
from exporters.host.procfs import Roots

_SECTOR_BYTES = 512  # in this file, whatever the device's own sector size
_PARTITIONS = re.compile(r"(?:(?:ram|loop|fd)|(?:h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+")

# Column after the device's name → metric, type, what one unit in the file is worth.
_COLUMNS: tuple[tuple[int, str, Kind, float, str], ...] = (
    (0, "reads_completed_total", "counter", 1, "Reads completed"),
    (1, "reads_merged_total", "counter", 1, "Reads merged"),
    (2, "read_bytes_total", "counter", _SECTOR_BYTES, "Bytes read"),
    (3, "read_time_seconds_total", "counter", 1e-3, "Time spent by all reads"),
    (4, "writes_completed_total", "counter", 1, "Writes completed"),
    (5, "writes_merged_total", "counter", 1, "Writes merged"),
    (6, "written_bytes_total", "counter", _SECTOR_BYTES, "Bytes written"),
    (7, "write_time_seconds_total", "counter", 1e-3, "Time spent by all writes"),
    (8, "io_now", "gauge", 1, "Requests under way"),
    (9, "io_time_seconds_total", "counter", 1e-3, "Time with requests under way"),
    (10, "io_time_weighted_seconds_total", "counter", 1e-3, "Time with requests under way, times their number"),
    (11, "discards_completed_total", "counter", 1, "Discards completed"),
    (12, "discards_merged_total", "counter", 1, "Discards merged"),
    (13, "discarded_sectors_total", "counter", 1, "Sectors discarded"),
    (14, "discard_time_seconds_total", "counter", 1e-3, "Time spent by all discards"),
    (15, "flush_requests_total", "counter", 1, "Flushes completed"),
    (16, "flush_requests_time_seconds_total", "counter", 1e-3, "Time spent by all flushes"),
)


def diskstats(roots: Roots) -> Iterable[Family]:
    """Return the counters of whole devices; partitions, which add up to them, are left out."""
    rows = [line.split() for line in roots.proc("diskstats").splitlines()]
    devices = [(row[2], row[3:]) for row in rows if not _PARTITIONS.fullmatch(row[2])]
    families = []
    for column, name, kind, unit, text in _COLUMNS:
        family = Family(f"node_disk_{name}", kind, f"{text}, from /proc/diskstats.", ("device",))
        for device, values in devices:
            if column < len(values):  # the last columns came with Linux 4.18 and 5.5
                value = int(values[column])
                family.add(value / 1000 if unit < 1 else value * int(unit), device)
        if family.samples:
            families.append(family)
    return families
