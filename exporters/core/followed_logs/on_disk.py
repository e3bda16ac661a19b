"""The files of a log on disk: opened, and known again by their first bytes."""

from __future__ import annotations

import errno
import os
from hashlib import blake2b
from pathlib import Path

from exporters.core.followed_logs.records import BLOCK_BYTES
from exporters.core.followed_logs.state import Part

HEAD_BYTES = 256


def opened(path: Path) -> int:
    """Open a regular file. Raises OSError, also for a pipe or a folder, which has no end to read to."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not path.is_file():
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of what is at a path now; None if that is nothing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def size(descriptor: int) -> int:
    """Return the bytes of an open file."""
    return os.fstat(descriptor).st_size


def line_start(descriptor: int, size: int) -> int:
    """Return where the last line that is not whole begins, or the end of the file."""
    start = max(0, size - BLOCK_BYTES)
    end = os.pread(descriptor, size - start, start).rfind(b"\n")
    return start + end + 1 if end >= 0 or start == 0 else size


def head(descriptor: int, size: int) -> str:
    """Return a digest of the first bytes of an open file."""
    return blake2b(os.pread(descriptor, size, 0), digest_size=16).hexdigest() if size else ""


def remember_head(descriptor: int, part: Part) -> None:
    """Note how the file of a part begins, as far as it is written."""
    part.head_bytes = min(HEAD_BYTES, size(descriptor), max(part.offset, HEAD_BYTES))
    part.head = head(descriptor, part.head_bytes)


def matches(descriptor: int, part: Part) -> bool:
    """Return whether an open file is the one of a part, under whatever name."""
    found = os.fstat(descriptor)
    if found.st_size < max(part.offset, part.head_bytes) or head(descriptor, part.head_bytes) != part.head:
        return False
    return part.head_bytes > 0 or (found.st_dev, found.st_ino) == (part.device, part.inode)
