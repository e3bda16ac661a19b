"""Follows one log through rotation: whole lines only, in blocks, from where the last process stopped.

A file is known by its inode and a digest of its first bytes. After a rename the old file is read on for a minute, as
servers write to it until they reopen theirs. After copytruncate the rest is read from the copy; lines written between
the copy and the truncation exist nowhere and are lost, as with every follower.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

from exporters.access_log.requests import Parsed
from exporters.access_log.state import FileState, Part

BLOCK_BYTES = 256 * 1024  # read at once: a line beyond it is too long
_BLOCKS_A_ROUND = 64
_SKIPPED_BLOCKS_A_ROUND = 1024
_HEAD_BYTES = 256
_QUIET_ROUNDS = 60  # without a new line, until a rotated file is left
_MOST_PARTS = 100  # open at once: rotated files that are not read to their end yet
_MOST_QUIET_PARTS = 4
_MOST_SIBLINGS = 1000
_COMPRESSED = (".gz", ".xz", ".bz2", ".zst", ".lz4", ".zip")

Count = Callable[[bytes], Parsed]


class _Open:
    """A part with its open file."""

    __slots__ = ("descriptor", "part", "quiet")

    def __init__(self, descriptor: int, part: Part) -> None:
        self.descriptor, self.part, self.quiet = descriptor, part, 0


class Follower:
    """One log. `problem`: the errno of why it cannot be read, or 0. `reached_end`: when it was last read to its end."""

    def __init__(self, path: Path, state: FileState | None, count: Count, most_backlog_bytes: int) -> None:
        """Take what is saved about it, if it was followed before; `count` parses and counts a block of whole lines."""
        self._path, self._count, self._most_backlog = path, count, most_backlog_bytes
        self.state = state or FileState()
        self._open: list[_Open] = []
        self._is_new = state is None
        self._blocks_left = 0
        self.problem = 0
        self.lag_bytes = 0
        self.reached_end = time.monotonic()

    def round(self, *, read: bool = True) -> tuple[bool, bool]:
        """Read what has been written; return whether anything changed, and whether there is more to read.

        Without `read` only note where reading begins.
        """
        before = self._parts()
        self.problem, changed = 0, False
        try:
            self._find_parts()
        except OSError as error:
            self.problem = error.errno or errno.EIO
            self._is_new = False  # it will be read from its beginning once it is there
        self._blocks_left = _BLOCKS_A_ROUND if read else 0
        for one in self._open if read else ():
            try:
                changed |= self._read(one)
            except OSError as error:
                self.problem = error.errno or errno.EIO
        self._leave_quiet_ones()
        behind = [max(0, _size(one.descriptor) - one.part.offset) for one in self._open]
        self.lag_bytes = sum(behind)
        more = max(behind, default=0) >= BLOCK_BYTES
        if read and not more:
            self.reached_end = time.monotonic()
        return changed or before != self._parts(), more and not self.problem

    def _parts(self) -> list[tuple[int, int]]:
        return [(one.part.device, one.part.inode) for one in self._open]

    def close(self) -> None:
        """Close every file."""
        for one in self._open:
            os.close(one.descriptor)
        self._open.clear()

    def _find_parts(self) -> None:
        """Open what the path names now, if it is not open yet, and what was rotated away. Raises OSError."""
        if not self._open and self.state.parts:
            self._resume()
        current = self._open[-1] if self._open else None
        if current is not None and not self._is_same(current):
            self._truncated(current)
        found = self._path.stat()
        if current is None or (found.st_dev, found.st_ino) != (current.part.device, current.part.inode):
            self._start(is_rotation=current is not None)

    def _start(self, *, is_rotation: bool) -> None:
        """Open the file at the path as a new part: at its end where monitoring starts with it, else at its start."""
        descriptor = _open(self._path)
        at_end = self._is_new and not is_rotation
        self._is_new = False
        offset = _line_start(descriptor, _size(descriptor)) if at_end else 0
        self._add(descriptor, offset)
        if is_rotation:
            self._note("renamed")

    def _add(self, descriptor: int, offset: int) -> None:
        found = os.fstat(descriptor)
        part = Part(found.st_dev, found.st_ino, offset)
        _remember_head(descriptor, part)
        self._open.append(_Open(descriptor, part))
        self._keep_parts()

    def _resume(self) -> None:
        """Find the parts that the last process read: at the path, or next to it under another name."""
        for part in self.state.parts:
            descriptor = next(self._matching(part), None)
            if descriptor is None:
                self._note("lost")
            else:
                found = os.fstat(descriptor)
                part.device, part.inode = found.st_dev, found.st_ino
                self._open.append(_Open(descriptor, part))
        if self._open:
            self._add_between()
        self._is_new = False
        self._keep_parts()

    def _add_between(self) -> None:
        """Open files that were the log between the last known part and the one at the path now, oldest first."""
        last = os.fstat(self._open[-1].descriptor)
        known = {(one.part.device, one.part.inode) for one in self._open}
        found = []
        for path in self._siblings():
            try:
                status = path.stat()
            except OSError:
                continue
            if path != self._path and status.st_mtime_ns > last.st_mtime_ns:
                found.append((status.st_mtime_ns, status.st_dev, status.st_ino, path))
        for _ in found[_MOST_PARTS:]:
            self._note("lost")
        for _, device, inode, path in sorted(found)[-_MOST_PARTS:]:
            if (device, inode) not in known and _inode(self._path) != (device, inode):
                self._add(_open(path), 0)
                self._note("renamed")

    def _truncated(self, current: _Open) -> None:
        """Continue at the beginning of a file that was truncated, after the rest of its copy, if there is one."""
        old = current.part
        copy = next(self._matching(old, other_than=old.inode), None)
        self._open.pop()
        if copy is not None:
            found = os.fstat(copy)
            part = Part(found.st_dev, found.st_ino, old.offset, old.head_bytes, old.head, old.skipping)
            self._open.append(_Open(copy, part))
        self._add(current.descriptor, 0)
        self._note("truncated")

    def _matching(self, part: Part, other_than: int | None = None) -> Iterator[int]:
        """Yield an open file that begins as the part does: the one of its inode, that at the path, those next to it."""
        paths = [self._path, *self._siblings()]
        for path in sorted(paths, key=lambda path: _inode(path) != (part.device, part.inode)):
            try:
                descriptor = _open(path)
            except OSError:
                continue
            if os.fstat(descriptor).st_ino != other_than and _matches(descriptor, part):
                yield descriptor
                return
            os.close(descriptor)

    def _siblings(self) -> list[Path]:
        """Return the files next to the log whose names begin with its own, and are not compressed."""
        name = self._path.name
        try:
            with os.scandir(self._path.parent) as entries:
                found = [Path(entry.path) for entry in entries if entry.name.startswith(name) and entry.name != name]
        except OSError:
            return []
        return [path for path in sorted(found)[:_MOST_SIBLINGS] if not path.name.endswith(_COMPRESSED)]

    def _is_same(self, one: _Open) -> bool:
        return _size(one.descriptor) >= one.part.offset and _head(one.descriptor, one.part.head_bytes) == one.part.head

    def _read(self, one: _Open) -> bool:
        """Read a part to its end, or as far as one round goes; return whether anything was read."""
        if not self._blocks_left:
            return False
        part, before = one.part, one.part.offset
        self._pass_over(one)
        while self._blocks_left:
            self._blocks_left -= 1
            block = os.pread(one.descriptor, BLOCK_BYTES, part.offset)
            if not self._take(part, block):
                break
        if part.offset == before:
            one.quiet += 1
            return False
        one.quiet = 0
        if part.head_bytes < _HEAD_BYTES:
            _remember_head(one.descriptor, part)
        return True

    def _take(self, part: Part, block: bytes) -> bool:
        """Count the whole lines of a block; return whether there was one, or a part of one that is too long."""
        end = block.rfind(b"\n")
        if part.skipping:
            end = block.find(b"\n")
            part.skipping = end < 0
            self._advance(part, len(block) if end < 0 else end + 1)
            return bool(block)
        if end < 0:
            if len(block) < BLOCK_BYTES:
                return False
            self._failed("long")
            part.skipping = True
            self._advance(part, len(block))
            return True
        parsed = self._count(block[:end])
        for reason, number in parsed.failed.items():
            self._failed(reason, number)
        self.state.retries += parsed.retries
        self.state.lines += block.count(b"\n", 0, end + 1)
        self._advance(part, end + 1)
        return True

    def _pass_over(self, one: _Open) -> None:
        """Pass over the oldest lines of a backlog beyond the limit: they are counted, not read."""
        part = one.part
        for _ in range(_SKIPPED_BLOCKS_A_ROUND):
            if _size(one.descriptor) - part.offset <= self._most_backlog:
                return
            block = os.pread(one.descriptor, BLOCK_BYTES, part.offset)
            end = block.rfind(b"\n") + 1 or len(block)
            self.state.skipped += block.count(b"\n", 0, end)
            part.offset += end

    def _advance(self, part: Part, read: int) -> None:
        part.offset += read
        self.state.bytes += read

    def _failed(self, reason: str, number: int = 1) -> None:
        self.state.failed[reason] = self.state.failed.get(reason, 0) + number

    def _note(self, kind: str) -> None:
        self.state.rotations[kind] = self.state.rotations.get(kind, 0) + 1

    def _leave_quiet_ones(self) -> None:
        """Close rotated files to which nothing is written any more."""
        for one in self._open[:-1]:
            if one.quiet >= _QUIET_ROUNDS or (one.quiet and len(self._open) > _MOST_QUIET_PARTS):
                if _size(one.descriptor) > one.part.offset:
                    self._failed("partial")
                os.close(one.descriptor)
                self._open.remove(one)
        self._keep_parts()

    def _keep_parts(self) -> None:
        self.state.parts = [one.part for one in self._open]


def _open(path: Path) -> int:
    """Open a regular file. Raises OSError, also for a pipe or a folder, which has no end to read to."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not path.is_file():
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _size(descriptor: int) -> int:
    return os.fstat(descriptor).st_size


def _line_start(descriptor: int, size: int) -> int:
    """Return where the last line that is not whole begins, or the end of the file."""
    start = max(0, size - BLOCK_BYTES)
    end = os.pread(descriptor, size - start, start).rfind(b"\n")
    return start + end + 1 if end >= 0 or start == 0 else size


def _head(descriptor: int, size: int) -> str:
    return blake2b(os.pread(descriptor, size, 0), digest_size=16).hexdigest() if size else ""


def _remember_head(descriptor: int, part: Part) -> None:
    part.head_bytes = min(_HEAD_BYTES, _size(descriptor), max(part.offset, _HEAD_BYTES))
    part.head = _head(descriptor, part.head_bytes)


def _matches(descriptor: int, part: Part) -> bool:
    found = os.fstat(descriptor)
    if found.st_size < max(part.offset, part.head_bytes) or _head(descriptor, part.head_bytes) != part.head:
        return False
    return part.head_bytes > 0 or (found.st_dev, found.st_ino) == (part.device, part.inode)
