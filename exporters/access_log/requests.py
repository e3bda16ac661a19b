"""What a parser makes of a block of lines: requests, and how many lines it could not read and why."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple

# Why a line is not a request. `partial`: the last line of a file that ended without a newline, and was rotated away;
# `unrelated`: an object about something else, where an application logs everything into one file.
REASONS = ("syntax", "time", "binary", "long", "partial", "unrelated")

# In seconds: those of targets.yaml, `histograms`.
EDGES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_MOST_WORDS = 4096  # times as written that are remembered: most servers write milliseconds, so most lines repeat one
_LONGEST_WORD = 40
_MOST_SECONDS = 10.0 * 365 * 86_400
_MOST_SIZE_DIGITS = 15  # of the bytes of a response: more is not a size
MOST_SIZE = 10**_MOST_SIZE_DIGITS

# The first edge at or above a time, and the seconds: what a histogram needs.
Time = tuple[int, float]

# method, path with its query, status (each as written), bytes sent (-1: unknown), the time taken, and that of the
# servers behind (None: unknown).
Request = tuple[bytes | str, bytes | str, bytes | str | int, int, Time | None, Time | None]


class Parsed(NamedTuple):
    """The requests of a block, the other lines by reason, and retries: attempts after the first at a server behind."""

    requests: list[Request]
    failed: dict[str, int]
    retries: int = 0


Parse = Callable[[bytes], Parsed]


def time_of(seconds: float) -> Time:
    """Return the time as a histogram counts it. Raises ValueError for what cannot be the time of a request."""
    if not 0.0 <= seconds <= _MOST_SECONDS:
        raise ValueError
    return bisect_left(EDGES, seconds), seconds


def size_of(word: bytes) -> int:
    """Return the bytes that a word says; -1 for none, and for a number that is not a size."""
    return int(word) if word.isdigit() and len(word) <= _MOST_SIZE_DIGITS else -1


def request_line(words: list[bytes]) -> tuple[bytes, bytes]:
    """Return method and path of a request line's words; nothing for a line that is none.

    Two words are those of HTTP/0.9, or of a line that was cut off: HAProxy cuts long ones. A path with a space stays
    one.
    """
    if len(words) == 3:
        return words[0], words[1]
    if len(words) < 2 or not words[1].startswith(b"/"):
        return b"", b""
    return words[0], b" ".join(words[1 : max(2, len(words) - 1)])


def time_behind(text: bytes, unit: float) -> tuple[Time | None, int]:
    """Return the time of all servers behind together, and how many were tried after the first.

    nginx writes one value a server, with a comma before the next and a colon before the next group; `-` is none. Raises
    ValueError for anything else.
    """
    words = text.replace(b":", b",").split(b",")
    values = [float(word) for word in words if word.strip() not in {b"", b"-"}]
    return (time_of(sum(values) * unit) if values else None), len(words) - 1


class Times:
    """Words → times, as far as they have been seen."""

    def __init__(self, unit: float) -> None:
        self.known: dict[bytes | str | float, Time] = {}
        self._unit = unit

    def read(self, word: bytes | str | float) -> Time | None:
        """Return the time that a word says; None for `-`. Raises ValueError."""
        if word in {b"-", "-", ""}:
            return None
        if len(self.known) >= _MOST_WORDS:
            self.known.clear()
        found = time_of(float(word) * self._unit)
        if isinstance(word, float) or len(word) <= _LONGEST_WORD:
            self.known[word] = found
        return found
