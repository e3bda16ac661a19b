"""What a TCP check waits for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import pytest

from exporters.core.deadline import Deadline
from exporters.synthetic.kinds.tcp import _comes


class _Peer:
    """A socket whose peer sends these parts; None is a pause."""

    def __init__(self, parts: Sequence[bytes | None]) -> None:
        self._parts = iter(parts)

    def settimeout(self, _seconds: float) -> None:
        pass

    def recv_into(self, buffer: memoryview) -> int:
        part = next(self._parts, b"")
        if part is None:
            raise TimeoutError
        buffer[: len(part)] = part
        return len(part)


class _Counting:
    """A pattern that counts the characters it was asked to search."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self.searched = 0

    def search(self, text: str) -> object:
        self.searched += len(text)
        return self._pattern.search(text)


def _look(pattern: _Counting, parts: Sequence[bytes | None]) -> bool:
    return _comes(cast("Any", pattern), cast("Any", _Peer(parts)), Deadline.after(60))


def test_single_bytes_are_searched_in_linear_time() -> None:
    """64 KiB byte by byte, and a match in the last: each byte is looked at some five times, not 32,000 times."""
    pattern = _Counting("end$")
    assert _look(pattern, [b"x"] * (64 * 1024 - 3) + [b"e", b"n", b"d"])
    assert pattern.searched < 8 * 64 * 1024


@pytest.mark.parametrize(
    "parts",
    [[b"220 ready"], [b"2", b"2", b"0", b" ready"], [b"x" * 4000, b"220 ready", None], [b"x" * 999, b"220 ready"]],
)
def test_a_match_is_found_at_a_pause_and_at_the_end(parts: list[bytes | None]) -> None:
    """However the answer is cut, it passes as soon as it is there."""
    assert _look(_Counting("220 ready"), parts)


def test_silence_after_the_wrong_answer_is_a_timeout() -> None:
    """What is there was searched; then the peer says nothing more."""
    with pytest.raises(TimeoutError):
        _look(_Counting("never"), [b"some", None, None])
