"""How the records of a log are cut and counted: what a follower is given by the exporter that it reads for."""

from __future__ import annotations

from typing import NamedTuple, Protocol

BLOCK_BYTES = 256 * 1024  # read at once: a record beyond it is too long


class Taken(NamedTuple):
    """What was made of a block: the bytes of its whole records, how many lines these are, and the bad ones by reason.

    `retries`: attempts after the first at a server behind a proxy.
    """

    used: int
    lines: int
    failed: dict[str, int]
    retries: int = 0


class Records(Protocol):
    """Cuts and counts the records of one log. A block begins where a record does."""

    def take(self, block: bytes) -> Taken:
        """Count the whole records of a block; `used` is 0 where the first one is not whole yet."""

    def take_long(self, block: bytes) -> dict[str, int]:
        """Count a record that is longer than this block by its beginning; return why not, as a reason and 1."""

    def resume(self, block: bytes) -> tuple[int, bool]:
        """Return how much of a block belongs to a record that was too long, and whether the next one begins there."""


def after_newline(block: bytes) -> tuple[int, bool]:
    """Return `resume` for logs of which each line is a record."""
    end = block.find(b"\n")
    return (len(block), False) if end < 0 else (end + 1, True)


def why_not(line: bytes, *, otherwise: str) -> str:
    """Return the reason for a line that is not a record."""
    return "binary" if b"\0" in line else otherwise
