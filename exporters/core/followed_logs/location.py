"""Where a log is: at one path, whose file is replaced, or in the newest of the files that match a pattern."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
from pathlib import Path
from typing import Protocol

_MOST_OTHERS = 1000
_ROUNDS_A_LOOK = 10  # at the files of a folder in which none was created or deleted
_COMPRESSED = (".gz", ".xz", ".bz2", ".zst", ".lz4", ".zip")
# Before the suffix a date or more: a short number there is that of another instance, or its port.
_TIMED = re.compile(r"[-_.](?=(?:[^0-9]*[0-9]){6})[0-9][0-9TZ:._+-]*").fullmatch
_ROTATED = re.compile(r"[-_.][0-9][0-9TZ:._+-]*|\.(?:old|bak|prev)").fullmatch
_WILDCARDS = frozenset("*?[")


class Location(Protocol):
    """Where a log is written, and where parts of it may be. `returns`: whether a file can be the log several times."""

    returns: bool

    def current(self) -> Path:
        """Return the file that is written now. Raises OSError."""

    def others(self) -> list[Path]:
        """Return the other files that are or were the log, or begin with its name, and are not compressed."""

    def rotated(self) -> list[Path]:
        """Return those of the others whose names say that they were the log."""


def location(path: Path) -> Location:
    """Return the location that a path of the settings names; wildcards may be in the name of the file only."""
    return NewestOf(path) if has_wildcards(path.name) else OneFile(path)


def has_wildcards(text: str) -> bool:
    """Return whether a path is a pattern."""
    return not _WILDCARDS.isdisjoint(text)


class OneFile:
    """A file that is renamed, copied or truncated by rotation; others begin with its name, or have a time in it."""

    returns = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def current(self) -> Path:
        """Return the path, whether there is a file or not."""
        return self._path

    def others(self) -> list[Path]:
        """Return the files next to it whose names begin with its own, or with a number before its suffix."""
        name = self._path.name
        try:
            with os.scandir(self._path.parent) as entries:
                found = [
                    Path(entry.path)
                    for entry in entries
                    if entry.name != name and (entry.name.startswith(name) or self._is_rotated(entry.name))
                ]
        except OSError:
            return []
        return [path for path in sorted(found)[:_MOST_OTHERS] if not path.name.endswith(_COMPRESSED)]

    def rotated(self) -> list[Path]:
        """Return those with a number or a time after its name, or before its suffix: another log may be next to it."""
        return [path for path in self.others() if self._is_rotated(path.name)]

    def _is_rotated(self, other: str) -> bool:
        """Return whether a name is as `access.log.1` or `access-20261129.log` to `access.log`."""
        name, stem, suffix = self._path.name, self._path.stem, self._path.suffix
        if other.startswith(name):
            return bool(_ROTATED(other[len(name) :]))
        middle = other[len(stem) : len(other) - len(suffix)]
        return other == f"{stem}{middle}{suffix}" and bool(_TIMED(middle))


class NewestOf:
    """Each rotation begins a file with a name of its own, such as that of its time or of the day of the week."""

    returns = True

    def __init__(self, pattern: Path) -> None:
        self._folder, self._matches = pattern.parent, re.compile(fnmatch.translate(pattern.name)).match
        self._found: list[Path] = []  # the newest first
        self._seen = (0, 0)  # the folder's time, and how many rounds ago it was looked into

    def current(self) -> Path:
        """Return the file that was written last. Raises OSError where none matches, or the folder cannot be read."""
        changed, rounds = self._folder.stat().st_mtime_ns, self._seen[1] + 1
        if not self._found or changed != self._seen[0] or rounds >= _ROUNDS_A_LOOK:
            self._found, rounds = self._look(), 0
        self._seen = (changed, rounds)
        if not self._found:
            raise OSError(errno.ENOENT, "no file matches", str(self._folder))
        return self._found[0]

    def others(self) -> list[Path]:
        """Return the matching files that were written before."""
        return self._found[1 : 1 + _MOST_OTHERS]

    def rotated(self) -> list[Path]:
        """Return the same."""
        return self.others()

    def _look(self) -> list[Path]:
        with os.scandir(self._folder) as entries:
            found = [
                (entry.stat().st_mtime_ns, entry.name, Path(entry.path))
                for entry in entries
                if self._matches(entry.name) and not entry.name.endswith(_COMPRESSED) and entry.is_file()
            ]
        return [path for _, _, path in sorted(found, reverse=True)]
