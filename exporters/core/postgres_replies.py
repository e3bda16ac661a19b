"""Limits how much a PostgreSQL server, or whatever answers in its place, can make us keep of one reply.

libpq collects a whole reply in memory and has no limit of its own. The kernel knows how many bytes have arrived on a
connection: with TLS they are slightly more than what libpq keeps.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import pq

from exporters.core.errors import CollectError, ErrorClass

# pg_stat_statements with 10,000 statements sends 2.5 MB.
LARGEST_REPLY_BYTES = 8 * 1024 * 1024

# Linux, struct tcp_info in include/uapi/linux/tcp.h: tcpi_bytes_received, since 4.1.
_TCP_INFO_BYTES = 136
_BYTES_RECEIVED = struct.Struct("128xQ")


class ReplyTooLargeError(CollectError):
    """A reply of more than the limit; the connection holds what has arrived of it and must be closed."""

    def __init__(self) -> None:
        super().__init__(ErrorClass.PROTOCOL, f"a reply of more than {LARGEST_REPLY_BYTES} bytes")


class ReplyLimit:
    """Counts what arrives on a connection from now on."""

    def __init__(self, pgconn: pq.abc.PGconn) -> None:
        """Start at zero."""
        self._pgconn = pgconn
        self._start = _arrived(pgconn.socket)
        self._read = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let the block read what has arrived. Raises ReplyTooLargeError."""
        waiting = _waiting(self._pgconn.socket) if self._start is None else 0
        yield
        if self._bytes_after(waiting) > LARGEST_REPLY_BYTES:
            raise ReplyTooLargeError

    def check(self, result: pq.abc.PGresult) -> None:
        """Look at the values of a whole result, where the connection has no counter. Raises ReplyTooLargeError."""
        if self._start is None and _size(result) > LARGEST_REPLY_BYTES:
            raise ReplyTooLargeError

    def _bytes_after(self, waiting: int) -> int:
        if self._pgconn.status == pq.ConnStatus.BAD:
            return 0  # closed while it was read
        if self._start is not None:
            return (_arrived(self._pgconn.socket) or 0) - self._start
        # A Unix socket has no counter. libpq takes what waits (some counts twice while its buffer is full, at most
        # 200 kB each time the buffer is doubled), and what arrives while it reads one large value: `check` counts that.
        self._read += waiting
        return self._read


def _size(result: pq.abc.PGresult) -> int:
    cells = ((row, column) for row in range(result.ntuples) for column in range(result.nfields))
    return sum(len(result.get_value(*cell) or b"") for cell in cells)


def _arrived(descriptor: int) -> int | None:
    """Return how many bytes have arrived since the connection began, or None if that is not known."""
    link = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=descriptor)
    try:
        info = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except OSError:
        return None
    finally:
        link.detach()
    return int(_BYTES_RECEIVED.unpack(info)[0]) if len(info) == _TCP_INFO_BYTES else None


def _waiting(descriptor: int) -> int:
    """Return how many bytes have arrived that nobody has read."""
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))[0])
