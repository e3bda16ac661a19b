"""One process as seen in /proc. Raises OSError for one that is gone or not readable, ValueError for a malformed file.

Source: proc_pid_stat(5), proc_pid_cmdline(5), proc_pid_fd(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from exporters.host.procfs import decode, number, read_bytes

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD of <linux/sched.h>
_SHORT_NAME = 15  # the length that the kernel keeps of a name
_LONGEST_COMMAND_BYTES = 2000  # bytes of a command line that are searched


class ProcessState(NamedTuple):
    """The contents of /proc/PID/stat: `start` distinguishes two processes that had the same PID in turn."""

    pid: int
    name: str
    start: int
    cpu_seconds: float
    threads: int
    memory_bytes: int
    zombie: bool
    kernel: bool


def pids(procfs: str) -> Iterator[int]:
    """Return the PIDs of all processes."""
    return (int(name) for name in os.listdir(procfs) if name.isascii() and name.isdigit())  # noqa: PTH208


def read_state(procfs: str, pid: int) -> ProcessState:
    """Return a process's state. The name may contain anything, including parentheses and newlines."""
    before, _, after = read_bytes(f"{procfs}/{pid}/stat").rpartition(b") ")
    values = after.split(b" ")
    if len(values) < 22:
        raise ValueError("too few fields")
    return ProcessState(
        pid=pid,
        name=decode(before.partition(b"(")[2]),
        start=number(decode(values[19])),
        cpu_seconds=(int(values[11]) + int(values[12])) / _TICKS_PER_SECOND,
        threads=int(values[17]),
        memory_bytes=int(values[21]) * _PAGE_BYTES,
        zombie=values[0] in {b"Z", b"X"},
        kernel=bool(int(values[6]) & _KERNEL_THREAD),
    )


def read_command(procfs: str, pid: int) -> bytes:
    """Return the process's current command line: its arguments, each ended by a null byte, or a title."""
    return read_bytes(f"{procfs}/{pid}/cmdline")[:_LONGEST_COMMAND_BYTES]


def names_of(name: str, command: bytes) -> Iterator[str]:
    """Return the names of a process: the kernel's, its program's, its command line.

    A program may rename its first thread, which also changes the kernel's name of the process.
    """
    arguments = decode(command.rstrip(b"\0")).split("\0")
    program = arguments[0].rpartition("/")[2]
    cut = len(name.encode(errors="surrogateescape")) >= _SHORT_NAME and program.startswith(name)
    yield program if cut else name
    if program:
        yield program
        yield " ".join(arguments)


def open_files(procfs: str, pid: int) -> int:
    """Return the number of a process's open file descriptors. Raises PermissionError if an older kernel denies it."""
    folder = f"{procfs}/{pid}/fd"
    # Since Linux 6.2 the size is the number, for any user; before, it is 0 and the folder must be read.
    return os.stat(folder).st_size or len(os.listdir(folder))  # noqa: PTH116, PTH208
