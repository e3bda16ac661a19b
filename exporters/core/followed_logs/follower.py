"""Follows one log through rotation: whole records only, in blocks, from where the last process stopped.

A file is known by its inode and a digest of its first bytes. After a rename the old file is read on for a minute, as
servers write to it until they reopen theirs. After copytruncate the rest is read from the copy; lines written between
the copy and the truncation exist nowhere and are lost, as with every follower. Where each rotation begins a file with a
name of its own, those are read in the order of their times; one that comes back is read on where it was left.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from exporters.core.followed_logs.location import Location
from exporters.core.followed_logs.on_disk import (
    HEAD_BYTES,
    head,
    identity,
    line_start,
    matches,
    opened,
    remember_head,
    size,
)
from exporters.core.followed_logs.records import BLOCK_BYTES, Records
from exporters.core.followed_logs.state import FileState, Part

_BLOCKS_A_ROUND = 64
_SKIPPED_BLOCKS_A_ROUND = 1024
_QUIET_ROUNDS = 60  # without a new line, until a rotated file is left
_MOST_PARTS = 100  # open at once: rotated files that are not read to their end yet
_MOST_QUIET_PARTS = 4
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
_SOON_SECONDS = 60.0  # a line that is read later than that was not read soon


class _Open:
    """A part with its open file."""

    __slots__ = ("descriptor", "part", "quiet")

    def __init__(self, descriptor: int, part: Part) -> None:
        self.descriptor, self.part, self.quiet = descriptor, part, 0

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.part.device, self.part.inode


class Follower:
    """One log. `problem`: the errno of why it cannot be read, or 0. `reached_end`: when it was last read to its end.

    `since`: from when on each line was read soon after it was written; None while it is not. `written`: when the file
    was last written, in seconds since 1970, or None without one. `is_new`: it was never read, nor found to be absent,
    so that reading begins at its end.
    """

    def __init__(self, location: Location, state: FileState | None, records: Records, most_backlog_bytes: int) -> None:
        """Take what is saved about it, if it was followed before."""
        self._location, self._records, self._most_backlog = location, records, most_backlog_bytes
        self._path = Path()
        self.state = state or FileState()
        self._open: list[_Open] = []
        self.is_new = state is None
        self._blocks_left = 0
        self.problem = 0
        self.lag_bytes = 0
        self.reached_end = time.monotonic()
        self.since: float | None = None
        self.written: float | None = None

    def round(self, *, read: bool = True) -> tuple[bool, bool]:
        """Read what has been written; return whether anything changed, and whether there is more to read.

        Without `read` only note where reading begins.
        """
        before = self._parts(), self.is_new
        self.problem, changed = 0, False
        try:
            self._find_parts()
        except OSError as error:
            self.problem = error.errno or errno.EIO
            if self.problem in _ABSENT:  # it will be read from its beginning once it is there
                self.is_new = False
        self._blocks_left = _BLOCKS_A_ROUND if read else 0
        for one in self._open if read else ():
            try:
                changed |= self._read(one)
            except OSError as error:
                self.problem = error.errno or errno.EIO
        self._leave_quiet_ones()
        behind = [max(0, size(one.descriptor) - one.part.offset) for one in self._open]
        self.lag_bytes = sum(behind)
        self.written = os.fstat(self._open[-1].descriptor).st_mtime if self._open else None
        more = max(behind, default=0) >= BLOCK_BYTES
        if read:
            self._note_end(behind=more or bool(self.problem))
        return changed or before != (self._parts(), self.is_new), more and not self.problem

    def _note_end(self, *, behind: bool) -> None:
        now = time.monotonic()
        if behind or now - self.reached_end > _SOON_SECONDS:
            self.since = None
        elif self.since is None:
            self.since = now
        if not behind or self.problem:
            self.reached_end = now

    def _parts(self) -> list[tuple[int, int]]:
        return [one.identity for one in self._open]

    def close(self) -> None:
        """Close every file."""
        for one in self._open:
            os.close(one.descriptor)
        self._open.clear()

    def _find_parts(self) -> None:
        """Open what the path names now, if it is not open yet, and what was rotated away. Raises OSError."""
        self._path = self._location.current()
        if not self._open and self.state.parts:
            self._resume()
        current = self._open[-1] if self._open else None
        if current is not None and not self._is_same(current):
            self._truncated(current)
        found = self._path.stat()
        newest = (found.st_dev, found.st_ino)
        if current is None:
            self._start(is_rotation=False)
        elif newest != current.identity and not self._is_open_again(newest):
            self._add_between()
            self._start(is_rotation=True)

    def _is_open_again(self, newest: tuple[int, int]) -> bool:
        """Return whether a file that was rotated away a moment ago is the current one again: then it is the last."""
        again = next((one for one in self._open if one.identity == newest and self._is_same(one)), None)
        if again is not None:
            self._open.remove(again)
            self._open.append(again)
            self._keep_parts()
        return again is not None

    def _start(self, *, is_rotation: bool) -> None:
        """Open the file at the path as a new part: at its end where monitoring starts with it, else at its start."""
        descriptor = opened(self._path)
        at_end = self.is_new and not is_rotation
        self.is_new = False
        if at_end and self._location.returns:
            self._remember_others()
        offset = line_start(descriptor, size(descriptor)) if at_end else self._left_at(descriptor)
        self._add(descriptor, offset)
        if is_rotation:
            self._note("renamed")

    def _remember_others(self) -> None:
        """Note where the files end that were there before monitoring: what is added to one later is read from there."""
        for path in self._location.others()[:_MOST_PARTS]:
            with contextlib.suppress(OSError):
                descriptor = opened(path)
                found = os.fstat(descriptor)
                part = Part(found.st_dev, found.st_ino, line_start(descriptor, found.st_size))
                remember_head(descriptor, part)
                os.close(descriptor)
                self.state.left.append(part)

    def _left_at(self, descriptor: int) -> int:
        """Return where reading of a file was left; 0 for one that is not known, or was written from its start again."""
        found = os.fstat(descriptor)
        for part in self.state.left:
            if (part.device, part.inode) == (found.st_dev, found.st_ino) and matches(descriptor, part):
                return part.offset
        return 0

    def _add(self, descriptor: int, offset: int) -> None:
        found = os.fstat(descriptor)
        part = Part(found.st_dev, found.st_ino, offset)
        remember_head(descriptor, part)
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
        self.is_new = False
        self._keep_parts()

    def _add_between(self) -> None:
        """Open files that were the log between the last known part and the one at the path now, oldest first."""
        last = os.fstat(self._open[-1].descriptor)
        known = {one.identity for one in self._open}
        found = []
        for path in self._location.rotated():
            try:
                status = path.stat()
            except OSError:
                continue
            if path != self._path and status.st_mtime_ns > last.st_mtime_ns:
                found.append((status.st_mtime_ns, status.st_dev, status.st_ino, path))
        for _ in found[_MOST_PARTS:]:
            self._note("lost")
        for _, device, inode, path in sorted(found)[-_MOST_PARTS:]:
            if (device, inode) not in known and identity(self._path) != (device, inode):
                descriptor = opened(path)
                self._add(descriptor, self._left_at(descriptor))
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
        paths = [self._path, *self._location.others()]
        for path in sorted(paths, key=lambda path: identity(path) != (part.device, part.inode)):
            try:
                descriptor = opened(path)
            except OSError:
                continue
            if os.fstat(descriptor).st_ino != other_than and matches(descriptor, part):
                yield descriptor
                return
            os.close(descriptor)

    def _is_same(self, one: _Open) -> bool:
        return size(one.descriptor) >= one.part.offset and head(one.descriptor, one.part.head_bytes) == one.part.head

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
        if part.head_bytes < HEAD_BYTES:
            remember_head(one.descriptor, part)
        return True

    def _take(self, part: Part, block: bytes) -> bool:
        """Count the whole records of a block; return whether there was one, or a part of one that is too long."""
        if part.skipping:
            used, found = self._records.resume(block)
            part.skipping = not found
            self._advance(part, used)
            return found or used > 0
        taken = self._records.take(block)
        if taken.used:
            self.state.retries += taken.retries
            self.state.lines += taken.lines
            self._failures(taken.failed)
        elif len(block) < BLOCK_BYTES:
            return False
        else:
            self._failures(self._records.take_long(block))
            part.skipping = True
        self._advance(part, taken.used or len(block))
        return True

    def _pass_over(self, one: _Open) -> None:
        """Pass over the oldest lines of a backlog beyond the limit: they are counted, not read."""
        part = one.part
        for _ in range(_SKIPPED_BLOCKS_A_ROUND):
            if size(one.descriptor) - part.offset <= self._most_backlog:
                return
            block = os.pread(one.descriptor, BLOCK_BYTES, part.offset)
            end = block.rfind(b"\n") + 1 or len(block)
            self.state.skipped += block.count(b"\n", 0, end)
            part.offset += end

    def _advance(self, part: Part, read: int) -> None:
        part.offset += read
        self.state.bytes += read

    def _failures(self, failed: dict[str, int]) -> None:
        for reason, number in failed.items():
            self.state.failed[reason] = self.state.failed.get(reason, 0) + number

    def _note(self, kind: str) -> None:
        self.state.rotations[kind] = self.state.rotations.get(kind, 0) + 1

    def _leave_quiet_ones(self) -> None:
        """Close rotated files to which nothing is written any more."""
        for one in self._open[:-1]:
            if one.quiet >= _QUIET_ROUNDS or (one.quiet and len(self._open) > _MOST_QUIET_PARTS):
                if size(one.descriptor) > one.part.offset:
                    self._failures({"partial": 1})
                if self._location.returns:
                    others = [part for part in self.state.left if (part.device, part.inode) != one.identity]
                    self.state.left = [*others, one.part][-_MOST_PARTS:]
                os.close(one.descriptor)
                self._open.remove(one)
        self._keep_parts()

    def _keep_parts(self) -> None:
        self.state.parts = [one.part for one in self._open]
