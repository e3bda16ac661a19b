"""Processor, load, processes and pressure: /proc/stat, /proc/loadavg, /proc/pressure. Names as in node_exporter.

/proc/stat is read once for all of it: psutil's three calls for the same numbers would read it three times.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from exporters.core.exposition import Family
from exporters.host.procfs import Roots, Table, fields, finite, lines, number, unique

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_GUEST_MODES = ("user", "nice")
_FEWEST_MODES = 4
_STAT = {
    "intr": ("node_intr_total", "counter", "Interrupts served since boot, from /proc/stat."),
    "ctxt": ("node_context_switches_total", "counter", "Context switches since boot, from /proc/stat."),
    "btime": ("node_boot_time_seconds", "gauge", "When the machine booted, Unix time, from /proc/stat."),
    "processes": ("node_forks_total", "counter", "Processes and threads created since boot, from /proc/stat."),
    "procs_running": ("node_procs_running", "gauge", "Runnable processes, from /proc/stat."),
    "procs_blocked": ("node_procs_blocked", "gauge", "Processes blocked on input or output, from /proc/stat."),
}
_PRESSURE = (
    ("cpu", "some", "node_pressure_cpu_waiting_seconds_total", "Time in which some task waited for a processor"),
    ("io", "some", "node_pressure_io_waiting_seconds_total", "Time in which some task waited for input or output"),
    (
        "io",
        "full",
        "node_pressure_io_stalled_seconds_total",
        "Time in which all non-idle tasks were stalled on input or output",
    ),
    ("memory", "some", "node_pressure_memory_waiting_seconds_total", "Time in which some task waited for memory"),
    (
        "memory",
        "full",
        "node_pressure_memory_stalled_seconds_total",
        "Time in which all non-idle tasks were stalled on memory",
    ),
)


# A kernel corrects a processor's times by less than this; a processor that was taken offline and back starts again.
_MOST_CORRECTED_SECONDS = 3.0

_Row = tuple[str, list[float]]  # a processor, and its seconds by mode, guests' last


class ProcessorTimes:
    """The times of each processor, which never decrease: /proc/stat steps back, iowait often, and a rate would jump.

    Idle and iowait also swap seconds between them, so the sum of all modes shows whether a processor started again.
    """

    def __init__(self) -> None:
        """Start without previous times."""
        self._last: dict[str, list[float]] = {}

    def steady(self, cpu: str, seconds: list[float]) -> list[float]:
        """Return the times to report."""
        last = self._last.get(cpu, [])
        if len(last) != len(seconds) or sum(seconds) < sum(last) - _MOST_CORRECTED_SECONDS:
            last = seconds
        self._last[cpu] = [max(pair) for pair in zip(seconds, last, strict=True)]
        return self._last[cpu]


def stat(roots: Roots, times: ProcessorTimes) -> Iterable[Family]:
    """Return processor time by mode, and the counters of interrupts, context switches, forks and processes."""
    seconds = Family(
        "node_cpu_seconds_total", "counter", "Time the processor spent in each mode, from /proc/stat.", ("cpu", "mode")
    )
    guest = Family(
        "node_cpu_guest_seconds_total",
        "counter",
        "Time spent running virtual machines, from /proc/stat.",
        ("cpu", "mode"),
    )
    table, text = Table("/proc/stat"), lines(roots.proc("stat"))
    for cpu, row in dict(table.rows(text, _processor)).items():
        values = times.steady(cpu, row)
        for mode, value in zip(_MODES, values, strict=False):
            seconds.add(value, cpu, mode)
        for mode, value in zip(_GUEST_MODES, values[len(_MODES) :], strict=False):
            guest.add(value, cpu, mode)
    yield seconds
    yield guest
    yield from unique(table.rows(text, _single))
    table.report()


def _processor(line: str) -> _Row | None:
    key, *values = fields(line)
    if not key.startswith("cpu") or key == "cpu":
        return None
    if len(values) < _FEWEST_MODES:
        raise ValueError("too few columns")
    return str(number(key[3:])), [number(ticks) / _TICKS_PER_SECOND for ticks in values[: len(_MODES) + 2]]


def _single(line: str) -> Family | None:
    key, _, values = line.partition(" ")
    if key not in _STAT:
        return None
    name, kind, text = _STAT[key]
    value = number(values.partition(" ")[0])
    return Family(name, "counter" if kind == "counter" else "gauge", text, (), [((), value)])


def load(roots: Roots) -> Iterable[Family]:
    """Return the load averages."""
    for minutes, value in zip((1, 5, 15), fields(roots.proc("loadavg")), strict=False):
        text = f"Load average over {minutes} min, from /proc/loadavg."
        yield Family(f"node_load{minutes}", "gauge", text, (), [((), finite(value))])


def pressure(roots: Roots) -> Iterable[Family]:
    """Return how long tasks waited for each resource; raises the last OSError if the kernel accounts for none."""
    found: dict[str, dict[str, int]] = {}
    missing: OSError | None = None
    table = Table("/proc/pressure")
    for resource in ("cpu", "io", "memory"):
        try:
            found[resource] = dict(table.rows(lines(roots.proc(f"pressure/{resource}")), _total))
        except OSError as error:
            missing = error
    if missing and not found:
        raise missing
    for resource, kind, name, text in _PRESSURE:
        if kind in found.get(resource, {}):
            help_text = f"{text}, from /proc/pressure/{resource}."
            yield Family(name, "counter", help_text, (), [((), found[resource][kind] / 1e6)])
    table.report()


def _total(line: str) -> tuple[str, int]:
    """Return `some` or `full`, and microseconds, from a line like `some avg10=0.00 ... total=123`."""
    return line.partition(" ")[0], number(line.rpartition("total=")[2])
