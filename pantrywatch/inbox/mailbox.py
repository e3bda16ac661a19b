"""The newest messages, in memory and in one file: accepted messages survive a restart."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from exporters.core.clock import Clock
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import append_durably, disk_is_at_fault, put_aside, write_atomically
from pantrywatch.inbox.incidents import Incident, Incidents
from pantrywatch.inbox.message import Delivery, Message, message_from_json

logger = logging.getLogger(__name__)

KEEP_MESSAGES = 2000
KEEP_BYTES = 32 * 1024 * 1024
_FILE = "messages.jsonl"
_LONGEST_LINE_BYTES = 64 * 1024 * 1024  # JSON may need six bytes for one


@dataclass(frozen=True, slots=True)
class View:
    """The content of a page: messages and incidents, newest first, and their total numbers.

    `oldest` is the number of the oldest kept message; `older` is whether there are messages before these.
    """

    messages: list[Message]
    incidents: list[Incident]
    total: int
    firing: int
    incident_count: int
    oldest: int
    older: bool


class Mailbox:
    """Keeps the newest messages within a count and a size; the newest one is kept at any size.

    The file grows by one line per message, and is rewritten at twice the size of the kept messages. Thread-safe.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        keep_messages: int = KEEP_MESSAGES,
        keep_bytes: int = KEEP_BYTES,
        clock: Clock | None = None,
    ) -> None:
        """Read the folder; without one nothing survives a restart. Raises ConfigError.

        On a full or broken disk it still starts, logs that, and holds whatever could be read.
        """
        self._keep_messages, self._keep_bytes, self._clock = keep_messages, keep_bytes, clock or Clock()
        self._messages: deque[tuple[Message, int]] = deque()
        self._bytes = self._file_bytes = self._file_lines = self._last_id = 0
        self._rewrite_at = 2  # times the size of the kept messages
        self._incidents = Incidents()
        self._memory, self._writing = threading.Lock(), threading.Lock()
        self._file = folder / _FILE if folder else None
        self.problem = ""
        if self._file is not None:
            self._open(self._file)
        self._started = (self._timeline_start(), self._clock.steady())

    def add(self, delivery: Delivery) -> Message:
        """Store a delivery and return its message. Raises OSError, with nothing stored, if it cannot be written."""
        with self._writing:
            start, started = self._started
            message = Message(
                self._last_id + 1, self._clock.wall(), delivery, round(start + self._clock.steady() - started, 6)
            )
            line = _line(message)
            if self._file is not None:
                self._append(self._file, line)
            self._take(message, len(line))
            self._shorten()
        return message

    def after(self, number: int) -> list[Message]:
        """Return the messages with a higher number, oldest first."""
        with self._memory:
            return [message for message, _ in self._messages if message.id > number]

    def get(self, number: int) -> Message | None:
        """Return the message with that number, or None."""
        return next((message for message in self.after(number - 1) if message.id == number), None)

    def view(self, messages: int, incidents: int, before: int | None = None) -> View:
        """Return the newest messages (before a number, if given) and the newest incidents."""
        with self._memory:
            older = (message for message, _ in reversed(self._messages) if before is None or message.id < before)
            chosen = list(islice(older, messages))
            oldest = self._messages[0][0].id if self._messages else 0
            return View(
                chosen, self._incidents.newest(incidents), len(self._messages),
                self._incidents.firing(), len(self._incidents), oldest, bool(chosen) and chosen[-1].id > oldest,
            )  # fmt: skip

    def _timeline_start(self) -> float:
        """Return the start of the seconds between messages: after the last one, even if the clock was set back."""
        wall = self._clock.wall()
        if not self._messages:
            return wall
        last = self._messages[-1][0]
        return last.elapsed_seconds + max(0.0, wall - last.received_at)

    def _take(self, message: Message, size: int) -> None:
        with self._memory:
            self._messages.append((message, size))
            self._incidents.add(message)
            self._last_id = message.id
            self._bytes += size
            while len(self._messages) > 1 and (
                len(self._messages) > self._keep_messages or self._bytes > self._keep_bytes
            ):
                self._bytes -= self._messages.popleft()[1]

    def _open(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            damaged, unfinished = self._read(file)
            if damaged:
                _keep_damaged(file, damaged)
            if damaged or unfinished or self._file_lines > len(self._messages):
                self._rewrite(file)
        except OSError as error:
            if not disk_is_at_fault(error):
                expected = f"expected a folder to keep messages in: {error.strerror}"
                raise ConfigError([ConfigProblem("command line", f"--keep {file.parent}", expected)]) from error
            self._failed(error)

    def _read(self, file: Path) -> tuple[int, bool]:
        """Read the file; return the number of damaged lines, and whether the last line is incomplete."""
        damaged, unfinished = 0, False
        for line in _lines(file):
            self._file_bytes, self._file_lines = self._file_bytes + len(line), self._file_lines + 1
            message = _message(line, self._last_id)
            if message is not None:
                self._take(message, len(line))
            elif line.endswith(b"\n"):
                damaged += 1
            else:
                unfinished = True
                logger.warning("file=%s unfinished_line_bytes=%d dropped: it was never acknowledged", file, len(line))
        return damaged, unfinished

    def _append(self, file: Path, line: bytes) -> None:
        try:
            append_durably(file, line)
        except OSError as error:
            self._failed(error)
            raise
        if self.problem:
            logger.info("file=%s written again", file)
            self.problem = ""
        self._file_bytes += len(line)
        self._file_lines += 1

    def _failed(self, error: OSError) -> None:
        """Remember the problem; it is logged once, not for every message."""
        problem = error.strerror or type(error).__name__
        if problem != self.problem:
            logger.error("file=%s not_written=%s new messages are refused until it can be written", self._file, problem)
        self.problem = problem

    def _shorten(self) -> None:
        """Rewrite a file that has become too long; after a failure, retry when it has grown again."""
        limit = self._rewrite_at
        if self._file is None or (
            self._file_lines <= limit * self._keep_messages and self._file_bytes <= limit * self._keep_bytes
        ):
            return
        try:
            self._rewrite(self._file)
            self._rewrite_at = 2
        except OSError as error:
            # The message is already in the file: it was accepted.
            logger.warning("file=%s not_shortened=%s", self._file, error.strerror)
            self._rewrite_at += 1

    def _rewrite(self, file: Path) -> None:
        """Replace the file atomically with the kept messages."""
        write_atomically(file, b"".join(_line(message) for message, _ in self._messages), mode=0o600)
        self._file_bytes, self._file_lines = self._bytes, len(self._messages)


def _line(message: Message) -> bytes:
    return json.dumps(message.as_json()).encode() + b"\n"


def _message(line: bytes, last_id: int) -> Message | None:
    try:
        message = message_from_json(json.loads(line))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return message if message.id > last_id else None


def _lines(file: Path) -> Iterator[bytes]:
    """Yield the lines; a line longer than the inbox writes comes in pieces."""
    with file.open("rb") as content:
        while line := content.readline(_LONGEST_LINE_BYTES):
            yield line


def _keep_damaged(file: Path, lines: int) -> None:
    """Keep a copy of the file: a person may still be able to read a damaged line."""
    try:
        kept = str(put_aside(file, stays=True))
    except OSError as error:
        kept = f"nowhere ({error.strerror})"
    logger.error("file=%s damaged_lines=%d put_aside=%s the other messages are kept", file, lines, kept)
