"""Deployment marks: a small file with one line per deployment, `<Unix seconds> <version>`, exposed as a metric.

`pantrywatch mark` writes the file; a deploy script may also append such a line itself.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exposition import Family
from exporters.core.files import write_atomically
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

MARKS_FILE = "deployments.txt"
KEEP_MARKS = 20
_READ_BYTES = 64 * 1024
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:/@-]{0,63}")
_VERSION_WORDS = "expected a version of at most 64 letters, digits and . _ + : / @ -, a letter or digit first"


@dataclass(frozen=True, slots=True)
class Mark:
    """One version and the Unix time at which it was deployed."""

    version: str
    timestamp_seconds: float


class DeploymentCollector:
    """The newest marks as a metric, read again at every scrape; a missing file means no marks."""

    def __init__(self, file: Path) -> None:
        """Store the path; the file need not exist."""
        self._file = file
        self._changes = ChangeLog(logger)

    def collect(self) -> Iterator[Family]:
        """Yield the single family."""
        family = Family(
            "pantrywatch_deployment_timestamp_seconds",
            "gauge",
            "When a version was deployed, as marked by `pantrywatch mark`; the newest 20 versions.",
            ("version",),
        )
        for mark in self._marks():
            family.add(mark.timestamp_seconds, mark.version)
        yield family

    def _marks(self) -> list[Mark]:
        try:
            marks, state = read_marks(self._file), "ok"
        except OSError as error:
            marks, state = [], error.strerror or "unreadable"
        self._changes.report(f"marks={self._file}", state, failing=state != "ok")
        return marks


def read_marks(file: Path) -> list[Mark]:
    """Return the newest marks, oldest first, each version once; malformed lines are skipped. Raises OSError."""
    try:
        with file.open("rb") as lines:
            lines.seek(max(0, os.fstat(lines.fileno()).st_size - _READ_BYTES))
            text = lines.read(_READ_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return _newest(filter(None, map(_mark, text.splitlines())))


def add_mark(file: Path, version: str, timestamp_seconds: float) -> None:
    """Add a mark to the file and keep only the newest 20. Raises ConfigError: version, time, folder."""
    if not _VERSION.fullmatch(version):
        raise ConfigError([ConfigProblem("command line", "VERSION", _VERSION_WORDS)])
    if not 0 < timestamp_seconds <= time.time() + 60:
        raise ConfigError([ConfigProblem("command line", "--at", "expected a time in the past")])
    try:
        with file.with_suffix(".lock").open("w") as lock:  # two concurrent deployments lose no mark
            fcntl.flock(lock, fcntl.LOCK_EX)
            marks = _newest([*read_marks(file), Mark(version, timestamp_seconds)])
            write_atomically(file, "".join(f"{mark.timestamp_seconds:.3f} {mark.version}\n" for mark in marks))
    except OSError as error:
        raise ConfigError(
            [ConfigProblem(str(file), "file", f"expected a file to write marks to: {error.strerror}")]
        ) from error


def _newest(marks: Iterable[Mark]) -> list[Mark]:
    times: dict[str, float] = {}
    for mark in marks:
        times[mark.version] = max(mark.timestamp_seconds, times.get(mark.version, 0.0))
    ordered = sorted((Mark(*item) for item in times.items()), key=lambda mark: mark.timestamp_seconds)
    return ordered[-KEEP_MARKS:]


def _mark(line: str) -> Mark | None:
    seconds, _, version = line.strip().partition(" ")
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", seconds) or not _VERSION.fullmatch(version):
        return None
    return Mark(version, float(seconds))
