"""Reads an HTTP/1 response from an untrusted server: bounded in size, in linear time.

Not h11, although the exporter's server loads it anyway, because a check must report what it saw: h11 raises a bare
error if a server answers 101 unasked, or if the lines of a chunked body end in LF alone, which curl and browsers
accept. Not http.client, which is limited to 100 headers and 64 KiB per line by global variables of its module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader

from exporters.core.errors import CollectError, ErrorClass

MAXIMUM_BODY_BYTES = 1024 * 1024  # read and searched; the check does not wait for the rest
# Status lines, headers and trailers of one response, including interim ones: as much as Chromium reads.
_MAXIMUM_HEAD_BYTES = 256 * 1024
_PART_BYTES = 64 * 1024
_MAXIMUM_PARTS = 64 * 1024  # a server may send a megabyte in chunks of one byte, and each takes a Python iteration
_CHUNK_LINE_BYTES = 16  # allowed for the line before and after a chunk; longer lines count as headers
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9])[ \t]+([1-9][0-9]{2})(?:[ \t].*)?\Z")
_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_LENGTH = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?\Z")
_NO_BODY = frozenset({101, 204, 304})


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers; `version` is 1.0 or 1.1, names are in lower case, in the order received."""

    version: float
    status: int
    headers: tuple[tuple[str, str], ...]

    def first(self, name: str) -> str | None:
        """Return the value of the first header of this name, in Latin-1."""
        return next((value for found, value in self.headers if found == name), None)

    def tokens(self, name: str) -> tuple[str, ...]:
        """Return the entries of a list header from all its lines, in lower case, without parameters."""
        parts = (part for found, value in self.headers if found == name for part in value.split(","))
        return tuple(token for part in parts if (token := part.partition(";")[0].strip(" \t").lower()))

    def announced_bytes(self) -> int | None:
        """Return the length that the headers announce. Raises CollectError if it is not a single number."""
        values = {
            part.strip(" \t") for name, value in self.headers if name == "content-length" for part in value.split(",")
        }
        if not values:
            return None
        if len(values) > 1 or not all(map(_LENGTH.match, values)):
            raise _broken("Content-Length is not a number, or several that differ")
        return int(values.pop())


class AnswerReader:
    """Reads one answer to a request with this method. Every method raises CollectError (protocol) or OSError."""

    def __init__(self, reader: BufferedReader, method: str) -> None:
        self._reader = reader
        self._method = method
        self._head_bytes_left = _MAXIMUM_HEAD_BYTES
        self.received = bytearray()  # of the body, also if it ends too soon

    def head(self) -> Head:
        """Return the head of the final answer; interim ones (1xx) are skipped, except 101, which is final."""
        while True:
            version, status = self._status_line()
            head = Head(version, status, tuple(self._headers()))
            if status >= 200 or status == 101:
                return head

    def has_body(self, head: Head) -> bool:
        """Return whether a body follows, even an empty one."""
        return self._method != "HEAD" and head.status not in _NO_BODY

    def announced_bytes(self, head: Head) -> int | None:
        """Return the length of the body that the head announced (for HEAD, the length a GET would have), or None."""
        if not self.has_body(head) and self._method != "HEAD":
            return 0
        return None if head.tokens("transfer-encoding") else head.announced_bytes()

    def body(self, head: Head) -> tuple[bytes, bool]:
        """Return the body as sent, up to the maximum, and whether it is complete."""
        body = self.received
        for count, part in enumerate(self._parts(head), 1):
            body += part
            if len(body) >= MAXIMUM_BODY_BYTES or count >= _MAXIMUM_PARTS:
                return bytes(body[:MAXIMUM_BODY_BYTES]), False
        return bytes(body), True

    def _parts(self, head: Head) -> Iterator[bytes]:
        if not self.has_body(head):
            return iter(())
        transfer_codings = head.tokens("transfer-encoding")
        if "chunked" in transfer_codings[:-1]:
            raise _broken("the body has a transfer coding in addition to chunked")
        if transfer_codings:
            return self._chunks() if transfer_codings[-1] == "chunked" else self._until_end()
        length = head.announced_bytes()
        return self._until_end() if length is None else self._sized(length)

    def _until_end(self) -> Iterator[bytes]:
        while part := self._reader.read1(_PART_BYTES):
            yield part

    def _sized(self, length: int) -> Iterator[bytes]:
        left = length
        while left:
            part = self._reader.read1(min(left, _PART_BYTES))
            if not part:
                raise _broken("the connection ended within the body")
            left -= len(part)
            yield part

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._sized(size)
            if self._line(free=_CHUNK_LINE_BYTES):
                raise _broken("a chunk of the body is longer than its size says")
        while self._line():  # trailers
            pass

    def _chunk_size(self) -> int:
        match = _CHUNK.match(self._line(free=_CHUNK_LINE_BYTES))
        if not match:
            raise _broken("the size of a chunk of the body is not a number")
        return int(match[1], 16)

    def _status_line(self) -> tuple[float, int]:
        match = _STATUS_LINE.match(self._line(start=b"HTTP/"))
        if not match:
            raise _broken("the answer is not HTTP/1")
        return (1.0 if match[1] == b"0" else 1.1), int(match[2])

    def _headers(self) -> Iterator[tuple[str, str]]:
        name, value = "", bytearray()
        while line := self._line():
            if line[:1] in b" \t":  # folded: obsolete, but every client still joins such lines
                value += b" " + line.strip(b" \t")
                continue
            if name:
                yield name, value.decode("latin-1")
            before, colon, after = line.partition(b":")
            # As in browsers, a line that is no header costs only itself.
            valid = colon and _NAME.match(before := before.rstrip(b" \t"))
            name = before.decode("ascii").lower() if valid else ""
            value = bytearray(after.strip(b" \t"))
        if name:
            yield name, value.decode("latin-1")

    def _line(self, *, start: bytes = b"", free: int = 0) -> bytes:
        """Return a line without its end; `free` bytes of it do not count towards the head."""
        line = self._reader.readline(self._head_bytes_left + free + 1)
        if not line.startswith(start):
            raise _broken("the answer is not HTTP/1" if line else "the connection was closed without an answer")
        self._head_bytes_left -= max(0, len(line) - free)
        if self._head_bytes_left < 0:
            raise _broken(f"more than {_MAXIMUM_HEAD_BYTES // 1024} KiB of headers")
        if not line.endswith(b"\n"):
            raise _broken("the connection ended within the headers")
        return line[:-1].removesuffix(b"\r")


def _broken(what: str) -> CollectError:
    return CollectError(ErrorClass.PROTOCOL, what)
