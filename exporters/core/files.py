"""Writes files so that a crash, a power loss or a full disk leaves either the old content or the new, never a mix.

`write_atomically` and `write_private` replace a file, `append_durably` adds one line to it, `put_aside` moves a damaged
one out of the way. Each has reached the disk when it returns; each raises OSError leaving the file as it was.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from pathlib import Path

# A fault of the disk, not of the path: a caller that only wanted to cache something can continue without it.
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
_MOST_KEPT_ASIDE = 5


def write_atomically(file: Path, text: str | bytes, mode: int | None = None) -> None:
    """Replace the file. Without `mode` it keeps its mode and owner; a new file follows the umask.

    A symbolic link is kept: the file it points to is replaced.
    """
    target = Path(os.path.realpath(file))
    owner: tuple[int, int] | None = None
    if mode is None:
        with contextlib.suppress(FileNotFoundError):
            found = target.stat()
            mode = stat.S_IMODE(found.st_mode)
            # Only root can change the owner; files written by other users are their own.
            owner = (found.st_uid, found.st_gid) if os.geteuid() == 0 else None
    _replace(target, _bytes(text), 0o666 if mode is None else mode, owner, exact=mode is not None)


def write_private(file: Path, text: str | bytes, mode: int = 0o600, owner: int | None = None) -> None:
    """Replace a file that is never readable by anybody but its owner; `owner` is a user id, also used for the group."""
    _replace(file, _bytes(text), mode, None if owner is None else (owner, owner), exact=True)


def append_durably(file: Path, line: bytes, mode: int = 0o600) -> None:
    """Append a line, including its newline, to a file; a missing file is created with `mode`.

    An earlier append that was cut short loses only itself: the new line starts on a line of its own.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        size = os.fstat(descriptor).st_size
        unfinished = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        try:
            os.lseek(descriptor, size, os.SEEK_SET)
            _write_all(descriptor, b"\n" + line if unfinished else line)
            os.fsync(descriptor)
        except OSError as error:
            error.filename = str(file)
            with contextlib.suppress(OSError):  # the next append copes with a partial line
                os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
    if size == 0:
        _sync_folder(file.parent)


def put_aside(file: Path, *, stays: bool = False) -> Path:
    """Rename a damaged file or folder, in the same folder, and return its new path; five such files are kept.

    With `stays` the file keeps both names until it is replaced.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kept = sorted(file.parent.glob(f"{file.name}.damaged-*"))
    for old in kept[: 1 - _MOST_KEPT_ASIDE]:
        if old.is_file():
            old.unlink()
    target = next(
        path
        for number in range(len(kept) + 1)
        if not (path := file.with_name(f"{file.name}.damaged-{stamp}{f'-{number}' if number else ''}")).exists()
    )
    if stays:
        target.hardlink_to(file)
    else:
        file.rename(target)
    return target


def disk_is_at_fault(error: OSError) -> bool:
    """Return whether the disk is full, read-only or broken, as opposed to a fault of the path."""
    return error.errno in _DISK_ERRORS


def _replace(file: Path, content: bytes, mode: int, owner: tuple[int, int] | None, *, exact: bool) -> None:
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)  # left by a process that was killed
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            if owner is not None:
                os.fchown(descriptor, *owner)
            if exact:
                os.fchmod(descriptor, mode)
            _write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.rename(file)
    except OSError as error:
        error.filename = error.filename or str(file)  # an error of writing names no file
        part.unlink(missing_ok=True)
        raise
    _sync_folder(file.parent)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    """Make a new name durable; some file systems cannot sync a folder, and keep the name all the same."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")
