"""What a parser makes of a block of lines: requests, and how many lines it could not read and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

# Why a line is not a request. `partial`: the last line of a file that ended without a newline, and was rotated away;
# `unrelated`: an object about something else, where an application logs everything into one file.
REASONS = ("syntax", "time", "binary", "long", "partial", "unrelated")

# method, path with its query, status (each as written), bytes sent (-1: unknown), seconds (None: unknown), and the time
# of the server behind: seconds, or as written where there are several.
Request = tuple[bytes | str, bytes | str, bytes | str | int, int, float | None, float | None]


class Parsed(NamedTuple):
    """The requests of a block, the lines that are none, by reason, and retries: requests that were sent on twice."""

    requests: list[Request]
    failed: dict[str, int]
    retries: int = 0


Parse = Callable[[bytes], Parsed]

_MOST_SECONDS = 10.0 * 365 * 86_400


def is_time(seconds: float) -> bool:
    """Return whether it can be the time of a request; False for what is not a number."""
    return 0.0 <= seconds <= _MOST_SECONDS


def why_not(line: bytes, *, otherwise: str) -> str:
    """Return the reason for a line that is not a request."""
    return "binary" if b"\0" in line else otherwise


def upstream_seconds(text: bytes) -> tuple[float | None, int]:
    """Return the time of all servers behind together, and how many were tried after the first.

    nginx writes one value a server, with a comma before the next and a colon before the next group; `-` is none.
    """
    words = text.replace(b":", b",").split(b",")
    values = [float(word) for word in words if word.strip() not in {b"", b"-"}]
    total = sum(values)
    return (total if values and is_time(total) else None), len(words) - 1
