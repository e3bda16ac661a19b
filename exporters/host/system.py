"""The machine as a whole: file handles, entropy, name, operating system, clock. Names as in node_exporter."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterable

from exporters.core.exposition import Family
from exporters.host.procfs import Roots, exists, label, lines, number, read_text

_TIME_ERROR = 5  # adjtimex's result for a clock that is not synchronized
_STA_NANO = 0x2000
_OS_LABELS = (
    "id", "id_like", "name", "pretty_name", "variant", "variant_id", "version", "version_id", "version_codename",
    "build_id", "image_id", "image_version",
)  # fmt: skip


def file_handles(roots: Roots) -> Iterable[Family]:
    """Return the open files of the whole machine and their limit."""
    allocated, _, maximum = roots.proc("sys/fs/file-nr").rstrip("\n").split("\t")
    yield _single("node_filefd_allocated", "Open file handles, from /proc/sys/fs/file-nr.", number(allocated))
    yield _single(
        "node_filefd_maximum", "Maximum number of open file handles, from /proc/sys/fs/file-nr.", number(maximum)
    )


def entropy(roots: Roots) -> Iterable[Family]:
    """Return the available entropy."""
    base = "sys/kernel/random"
    yield _single("node_entropy_available_bits", f"Available entropy, from /proc/{base}.", _int(roots, "entropy_avail"))
    yield _single(
        "node_entropy_pool_size_bits", f"Size of the entropy pool, from /proc/{base}.", _int(roots, "poolsize")
    )


def _int(roots: Roots, name: str) -> int:
    return number(roots.proc(f"sys/kernel/random/{name}"))


def uname(roots: Roots) -> Iterable[Family]:
    """Return the machine's name and kernel; in a container the name of its host, from the host's /etc/hostname."""
    names = ("sysname", "release", "version", "machine", "nodename", "domainname")
    family = Family("node_uname_info", "gauge", "1, with the machine's uname.", names)
    found = os.uname()
    domain = read_text("/proc/sys/kernel/domainname").rstrip("\n")  # our own namespace, as for the rest of uname
    node = _host_name(roots) or found.nodename
    values = (found.sysname, found.release, found.version, found.machine, node, domain)
    family.add(1, *(label(value) for value in values))
    return [family]


def _host_name(roots: Roots) -> str:
    """Return the name in hostname(5) of the host whose root is mounted here; empty if it is our own or has none.

    The kernel only gives a process the name of its own container, whichever /proc it reads.
    """
    root = roots.rootfs.rstrip("/")
    if not root or not exists(f"{root}/etc/hostname"):
        return ""
    found = [line.strip(" \t\r") for line in lines(read_text(f"{root}/etc/hostname"))]
    return next((line for line in found if line and not line.startswith("#")), "")


def release(roots: Roots) -> Iterable[Family]:
    """Return the operating system's name and version, from os-release; nothing if there is no such file."""
    paths = [f"{roots.rootfs.rstrip('/')}/{name}" for name in ("etc/os-release", "usr/lib/os-release")]
    path = next((path for path in paths if exists(path)), None)
    if path is None:
        return []
    assignments = [line.partition("=") for line in lines(read_text(path)) if "=" in line]
    said = {key.lower(): value.strip(" \t\r").strip("\"'") for key, _, value in assignments}
    family = Family("node_os_info", "gauge", "1, with the contents of /etc/os-release.", _OS_LABELS)
    family.add(1, *(label(said.get(name, "")) for name in _OS_LABELS))
    return [family]


def clock(_roots: Roots) -> Iterable[Family]:
    """Return the current time."""
    return [_single("node_time_seconds", "The machine's clock, Unix time.", time.time())]


class _Timex(ctypes.Structure):
    """struct timex of <sys/timex.h>, on 64-bit Linux."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("constant", ctypes.c_long),
        ("precision", ctypes.c_long), ("tolerance", ctypes.c_long), ("time_sec", ctypes.c_long),
        ("time_usec", ctypes.c_long), ("tick", ctypes.c_long), ("ppsfreq", ctypes.c_long), ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int), ("stabil", ctypes.c_long), ("jitcnt", ctypes.c_long), ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long), ("stbcnt", ctypes.c_long), ("tai", ctypes.c_int), ("reserved", ctypes.c_int * 11),
    )  # fmt: skip


_LIBC = ctypes.CDLL(None, use_errno=True)


def timex(_roots: Roots) -> Iterable[Family]:
    """Return how well the clock is synchronized, from adjtimex(2). Raises OSError if a sandbox forbids the call."""
    state = _Timex()
    answer = _LIBC.adjtimex(ctypes.byref(state))
    if answer < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    offset_unit = 1e9 if state.status & _STA_NANO else 1e6
    for name, text, value in (
        ("sync_status", "Whether the clock is synchronized", int(answer != _TIME_ERROR)),
        ("offset_seconds", "Offset from the reference clock", state.offset / offset_unit),
        ("frequency_adjustment_ratio", "Frequency adjustment of the clock", 1 + state.freq / 65536 / 1e6),
        ("maxerror_seconds", "Maximum possible error", state.maxerror / 1e6),
        ("estimated_error_seconds", "Estimated error", state.esterror / 1e6),
        ("status", "Status bits of the clock", state.status),
        ("loop_time_constant", "Time constant of the phase-locked loop", state.constant),
        ("tick_seconds", "Time between clock ticks", state.tick / 1e6),
        ("tai_offset_seconds", "International atomic time minus UTC", state.tai),
    ):
        yield _single(f"node_timex_{name}", f"{text}, from adjtimex.", value)


def _single(name: str, text: str, value: float) -> Family:
    return Family(name, "gauge", text, (), [((), value)])
