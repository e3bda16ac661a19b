"""The newest messages, in memory and in one file: what was taken is there again after a restart."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.inbox.message import Delivery, Message, message_from_json

logger = logging.getLogger(__name__)

KEEP_MESSAGES = 2000
KEEP_BYTES = 32 * 1024 * 1024
_FILE = "messages.jsonl"


class Mailbox:
    """Keeps the newest messages within a count and a size; the very newest whatever its size.

    The file grows by a line a message, and is written anew when it holds twice what is kept.
    """

    def __init__(
        self, folder: Path | None, *, keep_messages: int = KEEP_MESSAGES, keep_bytes: int = KEEP_BYTES
    ) -> None:
        """Read what the folder holds; without one nothing outlives the process. Raises ConfigError."""
        self._keep_messages, self._keep_bytes = keep_messages, keep_bytes
        self._messages: deque[tuple[Message, int]] = deque()
        self._bytes = self._file_bytes = self._file_lines = 0
        self._file = folder / _FILE if folder else None
        if self._file is not None:
            self._open(self._file)

    def add(self, delivery: Delivery, received_at: float) -> Message:
        """Keep a delivery and return its message. Raises OSError where it could not be written: it is not kept then."""
        number = self._messages[-1][0].id + 1 if self._messages else 1
        message = Message(number, received_at, delivery)
        line = _line(message)
        if self._file is not None:
            self._append(self._file, line)
        self._take(message, len(line))
        if self._file_lines > 2 * self._keep_messages or self._file_bytes > 2 * self._keep_bytes:
            self._rewrite()
        return message

    def after(self, number: int) -> list[Message]:
        """Return the messages with a higher number, oldest first."""
        return [message for message, _ in self._messages if message.id > number]

    def get(self, number: int) -> Message | None:
        """Return one message, None where it is no longer or never was here."""
        return next((message for message, _ in self._messages if message.id == number), None)

    def _take(self, message: Message, size: int) -> None:
        self._messages.append((message, size))
        self._bytes += size
        while len(self._messages) > 1 and (len(self._messages) > self._keep_messages or self._bytes > self._keep_bytes):
            self._bytes -= self._messages.popleft()[1]

    def _open(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            for message, size in _read(file):
                self._take(message, size)
            self._rewrite()
        except OSError as error:
            expected = f"expected a folder to keep messages in: {error.strerror}"
            raise ConfigError([ConfigProblem("command line", f"--keep {file.parent}", expected)]) from error

    def _append(self, file: Path, line: bytes) -> None:
        with file.open("ab") as out:
            out.write(line)
        self._file_bytes += len(line)
        self._file_lines += 1

    def _rewrite(self) -> None:
        """Write the file anew with what is kept; a reader or a crash never sees half of it."""
        if self._file is None:
            return
        part = self._file.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_bytes(b"".join(_line(message) for message, _ in self._messages))
        part.rename(self._file)
        self._file_bytes, self._file_lines = self._bytes, len(self._messages)


def _line(message: Message) -> bytes:
    return json.dumps(message.as_json()).encode() + b"\n"


def _read(file: Path) -> Iterator[tuple[Message, int]]:
    unreadable = 0
    with file.open("rb") as lines:
        for line in lines:
            try:
                yield message_from_json(json.loads(line)), len(line)
            except (ValueError, KeyError, TypeError):
                unreadable += 1
    if unreadable:
        logger.warning("file=%s unreadable_lines=%d dropped", file, unreadable)
