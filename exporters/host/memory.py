"""Memory: every line of /proc/meminfo, and the events of /proc/vmstat that matter. Names as node_exporter."""

from __future__ import annotations

from collections.abc import Iterable

from exporters.core.exposition import Family
from exporters.host.procfs import Roots

_EVENTS = {
    "pgfault": "Page faults",
    "pgmajfault": "Page faults that had to read from disk",
    "pgpgin": "Kilobytes paged in from disk",
    "pgpgout": "Kilobytes paged out to disk",
    "pswpin": "Pages swapped in",
    "pswpout": "Pages swapped out",
    "oom_kill": "Processes killed for want of memory",
}
_NAMES = str.maketrans({"(": "_", ")": None})


def meminfo(roots: Roots) -> Iterable[Family]:
    """Return one gauge a line, in bytes where the kernel gives kB."""
    families = []
    for line in roots.proc("meminfo").splitlines():
        key, *values = line.replace(":", " ").split()
        in_kilobytes = len(values) > 1
        name = f"node_memory_{key.translate(_NAMES)}{'_bytes' if in_kilobytes else ''}"
        value = int(values[0]) * (1024 if in_kilobytes else 1)
        families.append(Family(name, "gauge", f"{key} of /proc/meminfo.", (), [((), value)]))
    return families


def vmstat(roots: Roots) -> Iterable[Family]:
    """Return the events since boot; untyped, as node_exporter has them, though they only rise."""
    families = []
    for line in roots.proc("vmstat").splitlines():
        key, _, value = line.partition(" ")
        if key in _EVENTS:
            text = f"{_EVENTS[key]} since boot, from /proc/vmstat."
            families.append(Family(f"node_vmstat_{key}", "untyped", text, (), [((), int(value))]))
    return families
