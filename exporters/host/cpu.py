"""Processor, load, processes and pressure: /proc/stat, /proc/loadavg, /proc/pressure. Names as node_exporter.

/proc/stat is read once for all of it: psutil's three calls for the same numbers would read it three times.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from exporters.core.exposition import Family
from exporters.host.procfs import Roots

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_GUEST_MODES = ("user", "nice")
_STAT = {
    "intr": ("node_intr_total", "counter", "Interrupts served since boot, from /proc/stat."),
    "ctxt": ("node_context_switches_total", "counter", "Context switches since boot, from /proc/stat."),
    "btime": ("node_boot_time_seconds", "gauge", "When the machine was started, unix time, from /proc/stat."),
    "processes": ("node_forks_total", "counter", "Processes and threads created since boot, from /proc/stat."),
    "procs_running": ("node_procs_running", "gauge", "Processes able to run now, from /proc/stat."),
    "procs_blocked": ("node_procs_blocked", "gauge", "Processes waiting for input or output, from /proc/stat."),
}
_PRESSURE = (
    ("cpu", "some", "node_pressure_cpu_waiting_seconds_total", "Time some task waited for a processor"),
    ("io", "some", "node_pressure_io_waiting_seconds_total", "Time some task waited for input or output"),
    ("io", "full", "node_pressure_io_stalled_seconds_total", "Time no task could go on for want of input or output"),
    ("memory", "some", "node_pressure_memory_waiting_seconds_total", "Time some task waited for memory"),
    ("memory", "full", "node_pressure_memory_stalled_seconds_total", "Time no task could go on for want of memory"),
)


def stat(roots: Roots) -> Iterable[Family]:
    """Return processor time by mode, and the counters of interrupts, context switches, forks and processes."""
    seconds = Family(
        "node_cpu_seconds_total", "counter", "Time the processor spent in each mode, from /proc/stat.", ("cpu", "mode")
    )
    guest = Family(
        "node_cpu_guest_seconds_total", "counter", "Time spent for virtual machines, from /proc/stat.", ("cpu", "mode")
    )
    families = [seconds, guest]
    for line in roots.proc("stat").splitlines():
        key, *values = line.split(None, 11)
        if key.startswith("cpu") and key != "cpu":
            cpu = key[3:]
            for mode, ticks in zip(_MODES, values, strict=False):
                seconds.add(int(ticks) / _TICKS_PER_SECOND, cpu, mode)
            for mode, ticks in zip(_GUEST_MODES, values[8:], strict=False):
                guest.add(int(ticks) / _TICKS_PER_SECOND, cpu, mode)
        elif key in _STAT:
            name, kind, text = _STAT[key]
            family = Family(name, "counter" if kind == "counter" else "gauge", text)
            family.add(int(values[0]))
            families.append(family)
    return families


def load(roots: Roots) -> Iterable[Family]:
    """Return the load averages."""
    for minutes, value in zip((1, 5, 15), roots.proc("loadavg").split(), strict=False):
        family = Family(f"node_load{minutes}", "gauge", f"Load average over {minutes} min, from /proc/loadavg.")
        family.add(float(value))
        yield family


def pressure(roots: Roots) -> Iterable[Family]:
    """Return how long tasks waited for each resource; FileNotFoundError or OSError without PSI in the kernel."""
    totals = {resource: _totals(roots.proc(f"pressure/{resource}")) for resource in ("cpu", "io", "memory")}
    for resource, kind, name, text in _PRESSURE:
        if kind in totals[resource]:
            family = Family(name, "counter", f"{text}, from /proc/pressure/{resource}.")
            family.add(totals[resource][kind] / 1e6)
            yield family


def _totals(text: str) -> dict[str, int]:
    """Return `some` and `full` → microseconds, from lines like `some avg10=0.00 ... total=123`."""
    return {line.split()[0]: int(line.rpartition("total=")[2]) for line in text.splitlines()}
