"""Finds where one RESP2 reply ends and the next starts, before anything is built from it.

hiredis allocates whatever a peer announces: a list of four billion entries, a text of any length. Here every reply is
bounded in bytes, entries and length of line, and anything that is not RESP2 is rejected; what passes is a complete
reply. Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

import re

from exporters.core.errors import CollectError, ErrorClass

_LONGEST_LINE_BYTES = 64 * 1024
_SMALLEST_ENTRY_BYTES = 4  # ":1\r\n"
_NOT_RESP = "the answer is not the protocol of Redis"
_LENGTH = re.compile(rb"-1|\d{1,10}")
_TLS_RECORD = re.compile(rb"[\x15\x16]\x03")  # an alert or a handshake in place of a reply


class Frames:
    """Collects received bytes and returns complete replies; the work is linear in the bytes, however they are split."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0  # the reply is complete up to here
        self._searched = 0  # no line end up to here
        self._outstanding = 1  # entries still missing from the reply
        self.steps = 0

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Append received bytes."""
        self._buffer += data

    def take(self, limit_bytes: int) -> bytes | None:
        """Return the next reply, or None while it is incomplete. Raises CollectError (protocol, tls)."""
        while self._outstanding and self._advance(limit_bytes):
            self.steps += 1
        if max(self._at, 0 if not self._outstanding else len(self._buffer)) > limit_bytes:
            raise CollectError(ErrorClass.PROTOCOL, f"a reply of more than {limit_bytes} bytes")
        if self._outstanding:
            return None
        frame = bytes(memoryview(self._buffer)[: self._at])
        del self._buffer[: self._at]
        self._at, self._searched, self._outstanding = 0, 0, 1
        return frame

    def _advance(self, limit_bytes: int) -> bool:
        """Step over one complete text, number or header; return whether there was one."""
        end = self._buffer.find(b"\r\n", max(self._at, self._searched))
        if end < 0:
            self._check_start()
            self._searched = max(self._at, len(self._buffer) - 1)
            return False
        line = bytes(memoryview(self._buffer)[self._at : min(end, self._at + _LONGEST_LINE_BYTES + 1)])
        following = end + 2
        match line[:1]:
            case b"+" | b"-" | b":" if len(line) <= _LONGEST_LINE_BYTES:
                pass
            case b"$":
                following += max(_length(line, limit_bytes) + 2, 0) if line != b"$-1" else 0
            case b"*":
                self._outstanding += max(_length(line, limit_bytes // _SMALLEST_ENTRY_BYTES), 0)
            case _:
                self._check_start()
                raise CollectError(ErrorClass.PROTOCOL, _NOT_RESP)
        if self._outstanding * _SMALLEST_ENTRY_BYTES > limit_bytes:  # nested lists add up
            raise CollectError(ErrorClass.PROTOCOL, f"a reply of more entries than {limit_bytes} bytes hold")
        if following > len(self._buffer):
            return False
        if self._buffer[following - 2 : following] != b"\r\n":
            raise CollectError(ErrorClass.PROTOCOL, _NOT_RESP)
        self._at = following
        self._outstanding -= 1
        return True

    def _check_start(self) -> None:
        """Raise CollectError as soon as the first bytes of an entry show that it is not one."""
        start = bytes(memoryview(self._buffer)[self._at : self._at + 2])
        if start in {b"\x15", b"\x16"}:  # the next byte decides
            return
        if _TLS_RECORD.match(start):
            raise CollectError(ErrorClass.TLS, "the server speaks TLS: use rediss://")
        if start and (start[:1] not in b"+-:$*" or len(self._buffer) - self._at > _LONGEST_LINE_BYTES):
            raise CollectError(ErrorClass.PROTOCOL, _NOT_RESP)


def _length(line: bytes, largest: int) -> int:
    """Return the length in a header, -1 for a null value. Raises CollectError."""
    found = _LENGTH.fullmatch(line, 1)
    if not found:
        raise CollectError(ErrorClass.PROTOCOL, _NOT_RESP)
    if int(found[0]) > largest:
        raise CollectError(ErrorClass.PROTOCOL, f"a reply longer than the {largest} bytes or entries expected here")
    return int(found[0])
