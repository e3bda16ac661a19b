"""Memory: every line of /proc/meminfo, and the important events of /proc/vmstat. Names as in node_exporter."""

from __future__ import annotations

import re
from collections.abc import Iterable

from exporters.core.exposition import Family
from exporters.host.procfs import Roots, Table, fields, lines, number, unique

_EVENTS = {
    "pgfault": "Page faults",
    "pgmajfault": "Page faults that had to read from disk",
    "pgpgin": "Kilobytes paged in from disk",
    "pgpgout": "Kilobytes paged out to disk",
    "pswpin": "Pages swapped in",
    "pswpout": "Pages swapped out",
    "oom_kill": "Processes killed for lack of memory",
}
_KEY = re.compile(r"[A-Za-z0-9_]+(?:\([A-Za-z0-9_]+\))?")
_NAMES = str.maketrans({"(": "_", ")": None})


def meminfo(roots: Roots) -> Iterable[Family]:
    """Return one gauge per line, in bytes if the kernel reports kB."""
    table = Table("/proc/meminfo")
    yield from unique(table.rows(lines(roots.proc("meminfo")), _amount))
    table.report()


def _amount(line: str) -> Family:
    key, _, rest = line.partition(":")
    value, *unit = fields(rest)
    if not _KEY.fullmatch(key):
        raise ValueError("no name")
    name = f"node_memory_{key.translate(_NAMES)}{'_bytes' if unit else ''}"
    return Family(name, "gauge", f"{key} of /proc/meminfo.", (), [((), number(value) * (1024 if unit else 1))])


def vmstat(roots: Roots) -> Iterable[Family]:
    """Return the events since boot; untyped, as in node_exporter, though they only increase."""
    table = Table("/proc/vmstat")
    yield from unique(table.rows(lines(roots.proc("vmstat")), _event))
    table.report()


def _event(line: str) -> Family | None:
    key, _, value = line.partition(" ")
    if key not in _EVENTS:
        return None
    text = f"{_EVENTS[key]} since boot, from /proc/vmstat."
    return Family(f"node_vmstat_{key}", "untyped", text, (), [((), number(value))])
