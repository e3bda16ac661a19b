"""The state file: how far each log was read and what was counted so far, saved together.

Only what has been saved is shown to a scrape. After a kill the same lines are read again and counted once, so no
counter ever goes back and none is ahead of what was written.
"""

from __future__ import annotations

import logging
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Self, TypeVar

import msgspec

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import put_aside, write_atomically

logger = logging.getLogger(__name__)

VERSION = 1
Count = Annotated[int, msgspec.Meta(ge=0)]


class Part(msgspec.Struct):
    """A file on disk that was or is the log: known again by the digest of its first bytes, wherever it was moved."""

    device: int
    inode: int
    offset: Count  # of the first line not read yet
    head_bytes: Count = 0
    head: str = ""
    skipping: bool = False  # inside a line that is too long


class FileState(msgspec.Struct):
    """One log: its parts, the current one last, and what was read of it."""

    parts: list[Part] = []
    lines: Count = 0
    bytes: Count = 0
    failed: dict[str, Count] = {}
    skipped: Count = 0
    rotations: dict[str, Count] = {}
    retries: Count = 0
    # Where rotation returns to the names of old files: those that were read, or were there before monitoring.
    left: list[Part] = []

    def copy(self) -> FileState:
        """Return it as it is now, for who only reads what was counted."""
        return FileState([], self.lines, self.bytes, {**self.failed}, self.skipped, {**self.rotations}, self.retries)


class State(msgspec.Struct):
    """What is written to the file, and what a scrape is shown; an exporter adds what it counts."""

    version: int = VERSION
    files: dict[str, FileState] = {}

    def copy(self) -> Self:
        """Return it as it is now, for who only reads what was counted."""
        return deepcopy(self)

    def fits(self) -> bool:
        """Return whether this version can go on counting from it: it can where a new series begins at 0."""
        return True

    def files_copy(self) -> dict[str, FileState]:
        """Return the files as they are now."""
        return {name: file.copy() for name, file in self.files.items()}


S = TypeVar("S", bound=State)


def load(file: Path, entry: str, kind: type[S]) -> S | None:
    """Return the saved state; None if there is none, or it is damaged: then it is put aside and named in the log.

    Raises ConfigError where it could not be saved.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError([ConfigProblem(str(file), entry, f"expected a readable file: {error.strerror}")]) from None
    try:
        state = msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        state = None
    if state is not None and state.version == VERSION and state.fits():
        return state
    try:
        kept = put_aside(file)
    except OSError as error:
        raise ConfigError([ConfigProblem(str(file), entry, f"expected a writable folder: {error.strerror}")]) from None
    logger.error("file=%s state=damaged kept=%s: counting starts at 0", file, kept.name)
    return None


def save(file: Path, state: State) -> None:
    """Write the state. Raises OSError with the file as it was."""
    write_atomically(file, msgspec.json.encode(state), 0o600)
