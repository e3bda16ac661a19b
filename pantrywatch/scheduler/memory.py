"""The long memory: a file with a line for each target and day, over 13 calendar months, that is only appended to.

A last line that was cut short is dropped. Damaged lines are named and skipped: the file is kept next to it as
`days.jsonl.damaged-…` until somebody has looked at it. Rewriting and appending leave the old content or the new.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import append_durably, disk_is_at_fault, put_aside, write_private
from pantrywatch.scheduler.day import MOST_LINE_BYTES, Day, first_kept, parse_day

logger = logging.getLogger(__name__)

FILE = "days.jsonl"
MOST_TARGETS = 100
_MOST_NAMED = 10


@dataclass(slots=True)
class Memory:
    """The days that are known, by date and target; without a file they are forgotten at the end of the process."""

    file: Path | None = None
    known: dict[tuple[date, str], Day] = field(default_factory=dict)
    version: int = 0  # grows with each change

    def add(self, days: Iterable[Day]) -> int:
        """Append the days that are not known yet, and return how many. Raises OSError, with nothing added."""
        targets = {target for _, target in self.known}
        new: dict[tuple[date, str], Day] = {}
        for day in days:
            if day.key in self.known or len(targets | {day.target}) > MOST_TARGETS:
                continue
            targets.add(day.target)
            new.setdefault(day.key, day)
        if not new:
            return 0
        if self.file is not None:
            append_durably(self.file, b"".join(day.line() for day in new.values()))
        self.known = self.known | new  # not changed in place: the page may be in the middle of it
        self.version += 1
        return len(new)

    def forget(self, today: date) -> None:
        """Drop the days before the 13 months that end with the newest day; the file is rewritten. Raises OSError.

        Counted from the newest day, not from today: a clock that is far ahead must not cost a year.
        """
        past = [day for day, _ in self.known if day <= today]
        if not past or min(past) >= (first := first_kept(max(past))):
            return
        kept = {key: day for key, day in self.known.items() if key[0] >= first}
        self._write(kept)
        self.known = kept
        self.version += 1

    def rewrite(self) -> None:
        """Write the file with what is known. Raises OSError."""
        self._write(self.known)

    def damaged_files(self) -> int:
        """Return how many damaged files wait next to the file for somebody to look at them."""
        return 0 if self.file is None else len(list(self.file.parent.glob(f"{FILE}.damaged-*")))

    def days(self, today: date) -> list[Day]:
        """Return the known days up to today, in the order of their dates."""
        return sorted((day for day in self.known.values() if day.on <= today), key=lambda day: day.key)

    def _write(self, days: dict[tuple[date, str], Day]) -> None:
        if self.file is not None:
            write_private(self.file, b"".join(days[key].line() for key in sorted(days)))


def read_memory(folder: Path | None) -> Memory:
    """Return the memory kept in the folder, locked until the process ends.

    Raises ConfigError if another scheduler has it or the folder is unusable; a full disk or damaged lines stop nothing.
    """
    if folder is None:
        return Memory()
    memory = Memory(folder / FILE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock_memory(folder)
        _read(memory, folder / FILE)
    except OSError as error:
        if not disk_is_at_fault(error):
            expected = f"expected a folder to keep what was measured in: {error.strerror}"
            raise ConfigError([ConfigProblem("command line", f"--keep {folder}", expected)]) from error
        logger.error("file=%s not_rewritten=%s", memory.file, error.strerror)
    return memory


def lock_memory(folder: Path) -> int:
    """Return the descriptor of the folder's lock, held until it is closed. Raises ConfigError, OSError."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        expected = "expected no other scheduler that keeps its days here: stop it first"
        raise ConfigError([ConfigProblem("command line", f"--keep {folder}", expected)]) from None
    return descriptor


def read_days(file: Path) -> tuple[list[Day], list[str], bool]:
    """Return the days of a file, each once, what is wrong with which line, and whether its end is missing.

    A last line without its end counts if it is whole. Raises OSError.
    """
    found: dict[tuple[date, str], Day] = {}
    faults: list[str] = []
    is_cut = False
    targets: set[str] = set()
    for number, line in enumerate(_lines(file), 1):
        is_cut = not line.endswith(b"\n")
        try:
            day = parse_day(line)
        except ValueError as error:
            faults += [] if is_cut else [f"line {number}: {error}"]
            continue
        targets.add(day.target)
        if len(targets) > MOST_TARGETS:
            faults.append(f"line {number}: expected at most {MOST_TARGETS} targets")
        elif day.key in found:
            faults.append(f"line {number}: expected one line for {day.target} and {day.on}")
        else:
            found[day.key] = day
    return list(found.values()), faults, is_cut


def _read(memory: Memory, file: Path) -> None:
    if not file.exists():
        file.touch(mode=0o600)
        return
    days, faults, is_cut = read_days(file)
    memory.known = {day.key: day for day in days}
    for fault in faults[:_MOST_NAMED]:
        logger.error("file=%s damaged %s: skipped", file, fault)
    if faults:
        logger.error("file=%s lines_skipped=%d kept_as=%s", file, len(faults), put_aside(file, stays=True))
    if is_cut:
        logger.warning("file=%s cut short: its last line is dropped unless whole", file)
    if faults or is_cut:
        memory.rewrite()


def _lines(file: Path) -> Iterator[bytes]:
    """Yield the lines, each with its end, if it has one; of a longer one no more than its beginning is read."""
    with file.open("rb") as lines:
        while line := lines.readline(MOST_LINE_BYTES):
            rest = line
            while not rest.endswith(b"\n") and len(rest) == MOST_LINE_BYTES:
                rest = lines.readline(MOST_LINE_BYTES)
            # What was too long for a line is not one; its end is kept, for the next one begins there.
            yield line if rest is line else line[:-1] + b"\n"
