"""One connection to a Redis or Valkey server: RESP2 over a socket, every wait bounded by the scrape's deadline.

Not redis-py: its timeouts hold for each read, not for the whole scrape; DNS, TLS and refusal become one error type
whose text alone tells them apart; and it loads 7 MB for the five commands needed here.
Source of the protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from exporters.cache.address import Address
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass

_LONGEST_LINE_BYTES = 64 * 1024
_LARGEST_REPLY_BYTES = 16 * 1024 * 1024
_CLIENT_NAME = "pantrywatch"
_PROBE_SECONDS = 0.3  # kept back from a TLS handshake to find out whether the server speaks plain text
_TLS_RECORD_TYPES = (b"\x15", b"\x16")  # an alert or a handshake where a reply should be

Reply = Any  # bytes | int | None | ServerError | list of replies: nested at the server's will


class ServerError(Exception):
    """An error reply. `code` is its first word; the whole text is for a terminal only."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.partition(" ")[0]

    @property
    def error_class(self) -> ErrorClass:
        """Return why the server said no."""
        return next((found for start, found in _CLASSES if str(self).startswith(start)), ErrorClass.PROTOCOL)


# How an error reply begins → its class. Redis' codes: https://github.com/redis/redis/blob/unstable/src/server.c
_CLASSES = (
    ("NOPERM", ErrorClass.PERMISSION),
    ("NOAUTH", ErrorClass.AUTH),
    ("WRONGPASS", ErrorClass.AUTH),
    ("DENIED", ErrorClass.REFUSED),  # protected mode: nobody from outside, whatever the password
    ("ERR max number of clients", ErrorClass.EXHAUSTED),
    ("OOM", ErrorClass.EXHAUSTED),
    ("BUSY", ErrorClass.TIMEOUT),  # blocked by a script, as by a lock
    ("LOADING", ErrorClass.TIMEOUT),
    ("ERR unknown command", ErrorClass.VERSION),
    ("ERR unknown subcommand", ErrorClass.VERSION),
    ("ERR Unknown subcommand", ErrorClass.VERSION),
    ("ERR Unsupported CONFIG parameter", ErrorClass.VERSION),
)
# Sent to a connection that is closed at once, in place of the reply to whatever it asked.
_FAREWELLS = ("DENIED", "ERR max number of clients")


def pack(commands: Sequence[Sequence[str]]) -> bytes:
    """Return the commands as bytes to send in one go."""
    packed = []
    for command in commands:
        words = [word.encode() for word in command]
        packed.append(b"*%d\r\n" % len(words))
        packed += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(packed)


class _Incoming(io.RawIOBase):
    """The receiving side of a socket; each wait ends at `deadline`, however slowly the peer drips."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.deadline = Deadline(0.0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_remaining(self.deadline))
        return self._sock.recv_into(buffer)


class Connection:
    """A logged-in connection. After any exception it must be closed: replies would no longer match commands."""

    def __init__(self, address: Address, deadline: Deadline) -> None:
        """Connect and log in by the deadline. Raises CollectError and the errors of socket and ssl."""
        self._sock = _connect(address, deadline)
        self._raw = _Incoming(self._sock)
        self._incoming = io.BufferedReader(self._raw, 64 * 1024)
        try:
            self._log_in(address, deadline)
        except BaseException:
            self.close()
            raise

    def exchange(self, packed: bytes, replies: int, deadline: Deadline) -> list[Reply]:
        """Send packed commands and return that many replies; errors of single commands stand among them.

        Raises CollectError, TimeoutError, EOFError and ConnectionError.
        """
        self._raw.deadline = deadline
        self._sock.settimeout(_remaining(deadline))
        # A server that closed the connection may have said why: then the reason is there to be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self._sock.sendall(packed)
        try:
            return [self._checked_reply() for _ in range(replies)]
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):  # the same as a closed connection without TLS
            raise EOFError("the server closed the connection") from None
        except ValueError as error:
            if isinstance(error, ssl.SSLError):  # one by accident of its history
                raise
            raise CollectError(ErrorClass.PROTOCOL, "the answer is not RESP") from None  # a length that is no number

    def close(self) -> None:
        """Close at once, also from another thread while a call waits."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _log_in(self, address: Address, deadline: Deadline) -> None:
        commands = [("CLIENT", "SETNAME", _CLIENT_NAME)]  # for CLIENT LIST; a server that refuses it is no problem
        if address.password is not None:
            user = (address.username,) if address.username else ()
            commands.insert(0, ("AUTH", *user, address.password.reveal()))
        try:
            replies = self.exchange(pack(commands), len(commands), deadline)
        except (EOFError, ConnectionError):
            # A TLS server hangs up on plain text; so does a peer that is no Redis at all.
            if address.tls is None and _speaks_tls(address, deadline):
                raise CollectError(ErrorClass.TLS, "the server speaks TLS: use rediss://") from None
            raise
        answer = replies[0]
        if isinstance(answer, ServerError) and (address.password is not None or answer.code == "NOAUTH"):
            # Whatever the wording of the version at hand: a login that is answered with an error is not accepted.
            raise CollectError(ErrorClass.AUTH, f"the server does not accept the login: {answer.code}")

    def _checked_reply(self) -> Reply:
        reply = self._reply()
        if isinstance(reply, ServerError) and str(reply).startswith(_FAREWELLS):
            raise CollectError(reply.error_class, str(reply))
        return reply

    def _reply(self) -> Reply:
        line = self._incoming.readline(_LONGEST_LINE_BYTES)
        if not line:
            raise EOFError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self._bulk(int(rest))
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        if kind == b"+":
            return rest
        if kind == b"-":
            return ServerError(rest.decode(errors="replace"))
        if kind in _TLS_RECORD_TYPES:
            raise CollectError(ErrorClass.TLS, "the server speaks TLS: use rediss://")
        raise CollectError(ErrorClass.PROTOCOL, "the answer is not RESP")

    def _bulk(self, length: int) -> bytes | None:
        if length < 0:
            return None
        if length > _LARGEST_REPLY_BYTES:
            raise CollectError(ErrorClass.PROTOCOL, f"a reply of {length} bytes")
        data = self._incoming.read(length + 2)
        if len(data) < length + 2:
            raise EOFError("the server closed the connection")
        return data[:-2]


def _connect(address: Address, deadline: Deadline) -> socket.socket:
    sock = _open(address, deadline)
    if address.tls is None:
        return sock
    try:
        # A plain server waits for the end of a line that no handshake sends.
        sock.settimeout(max(_remaining(deadline) - _PROBE_SECONDS, _remaining(deadline) / 2))
        return address.tls.wrap_socket(sock, server_hostname=address.host)
    except TimeoutError:
        sock.close()
        if _speaks_plain(address, deadline):
            raise CollectError(ErrorClass.TLS, "the server speaks plain text: use redis://") from None
        raise
    except ConnectionError:
        sock.close()
        raise CollectError(ErrorClass.TLS, "the server hung up on the TLS handshake") from None
    except BaseException:
        sock.close()
        raise


def _open(address: Address, deadline: Deadline) -> socket.socket:
    sock = socket.create_connection((address.host, address.port), timeout=_remaining(deadline))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _speaks_plain(address: Address, deadline: Deadline) -> bool:
    """Return whether a PING without TLS is answered; asked only after a TLS handshake got no answer."""
    try:
        with _open(address, deadline) as sock:
            sock.sendall(pack([("PING",)]))
            sock.settimeout(_remaining(deadline))
            return sock.recv(1) in {b"+", b"-"}
    except OSError:
        return False


def _speaks_tls(address: Address, deadline: Deadline) -> bool:
    """Return whether a TLS handshake begins; asked only after the server hung up on plain text."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent: only the kind of server is of interest
    try:
        with _open(address, deadline) as sock:
            sock.settimeout(_remaining(deadline))
            context.wrap_socket(sock).close()
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # a refusal in TLS, for want of a client certificate say
    except OSError:
        return False
    return True


def _remaining(deadline: Deadline) -> float:
    """Return the seconds left. Raises TimeoutError where there are none (0 would mean: do not wait at all)."""
    remaining = deadline.remaining()
    if remaining <= 0:
        raise TimeoutError("no time left")
    return remaining
