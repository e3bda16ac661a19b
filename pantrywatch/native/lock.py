"""The lock of a state directory: only one stack runs there at a time.

A record lock (fcntl(2)): the kernel can report its holder without taking it, and drops it when that process ends, for
whatever reason. The file is never removed: a lock on an unlinked file would exclude nobody.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem

# struct flock of Linux on 64 bits: type, whence, start, length, process.
_FLOCK = struct.Struct("hhqqi4x")


class Lock:
    """A lock that is held until `release`, or until the process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock."""
        os.close(self._descriptor)


def acquire(file: Path) -> Lock | None:
    """Return the lock, or None if another process holds it. Raises OSError if the file cannot be created."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_still(file, descriptor):
            return Lock(descriptor)
        os.close(descriptor)  # the folder was removed in the meantime: this lock would exclude nobody


def holder(file: Path) -> int | None:
    """Return the process that holds the lock, or None; the query itself never blocks anyone.

    Raises ConfigError if the file cannot be read: it is a folder, a loop of links, or another user's.
    """
    try:
        return _asked(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        expected = f"expected a lock file this user can read and write: {error.strerror}"
        raise ConfigError([ConfigProblem(str(file), "lock", expected)]) from error


def terminate_holder(file: Path) -> bool:
    """Ask the process that holds the lock to exit; return whether there was one. No other process gets the signal."""
    process = holder(file)
    if process is None:
        return False
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return False
    try:
        # It held the lock after the descriptor was opened, so the descriptor belongs to that process.
        if holder(file) != process:
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def _asked(file: Path) -> int | None:
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, process = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else int(process)


def _is_still(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
