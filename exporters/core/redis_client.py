"""One connection to a Redis or Valkey server: RESP2 over a socket, every wait bounded by one deadline.

hiredis packs commands and builds replies; it does no I/O, so deadlines, TLS diagnosis and error classes are decided
here. redis-py has a timeout for each read, none for the whole exchange, and takes 16 MB.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Any, NamedTuple

import hiredis

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.redis_errors import ServerError
from exporters.core.redis_frames import Frames
from exporters.core.server_name import HUNG_UP
from exporters.core.settings import Secret

_PROBE_SECONDS = 0.3  # reserved during a TLS handshake, to find out afterwards whether the server speaks plain text
_MAXIMUM_ADDRESSES = 4  # of one host, tried one after the other
_RECEIVED_BYTES = 64 * 1024
_TEXT_LIMIT_BYTES = 4096  # size of a one-line reply or a short value

PLAIN_TEXT = "the server speaks plain text: use redis://"

Command = Sequence[str | bytes]
Peer = Any  # an address in the form that socket.connect takes
Reply = Any  # bytes | int | None | ServerError | list of replies, nested as the server likes


class RedisAddress(NamedTuple):
    """One server; `tls` is the prepared context, or None for plain TCP."""

    host: str
    port: int
    username: str = ""
    password: Secret | None = None
    tls: ssl.SSLContext | None = None


def pack(commands: Sequence[Command]) -> bytes:
    """Return the commands as bytes to send at once."""
    return b"".join(hiredis.pack_command(tuple(command)) for command in commands)  # type: ignore[arg-type]


def tls_name(host: str) -> str:
    """Return the name to ask for and to verify, without the final dot that keeps search domains out.

    No certificate has that dot.
    """
    return host.removesuffix(".")


class Connection:
    """Commands and replies on a connected socket. Close it after any exception: replies would be out of step."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._frames = Frames()
        self._reader = hiredis.Reader(replyError=ServerError)

    def exchange(self, packed: bytes, limits: Sequence[int], deadline: Deadline) -> list[Reply]:
        """Send packed commands and return their replies, each of at most that many bytes, error replies included.

        Raises CollectError, TimeoutError, EOFError, ConnectionError and ssl.SSLError.
        """
        self._sock.settimeout(time_left(deadline))
        # A server that closed the connection may have sent the reason first: it can still be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self._sock.sendall(packed)
        try:
            return [self._reply(limit, deadline) for limit in limits]
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):  # equivalent to a closed connection without TLS
            raise EOFError("the server closed the connection") from None

    def ask(self, commands: Sequence[Command], deadline: Deadline) -> list[Reply]:
        """Return the replies to commands whose replies are short."""
        return self.exchange(pack(commands), [_TEXT_LIMIT_BYTES] * len(commands), deadline)

    def close(self) -> None:
        """Close immediately, also from another thread during a blocked call."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _reply(self, limit_bytes: int, deadline: Deadline) -> Reply:
        while (frame := self._frames.take(limit_bytes)) is None:
            self._sock.settimeout(time_left(deadline))
            received = self._sock.recv(_RECEIVED_BYTES)
            if not received:
                raise EOFError("the server closed the connection")
            self._frames.feed(received)
        reply = self._parsed(frame)
        if isinstance(reply, ServerError) and reply.is_farewell:
            raise reply
        return reply

    def _parsed(self, frame: bytes) -> Reply:
        try:
            self._reader.feed(frame)
            return self._reader.gets()
        except hiredis.HiredisError:  # a number of hundreds of digits, or lists nested endlessly
            raise CollectError(ErrorClass.PROTOCOL, "the answer is not the protocol of Redis") from None


def connect(address: RedisAddress, greeting: Sequence[Command], deadline: Deadline) -> Connection:
    """Return a logged-in connection; the greeting is sent along with the login, and its replies are ignored.

    Raises CollectError and the errors of socket and ssl.
    """
    sock = connect_first(_addresses(address.host, address.port), deadline)
    peer = peer_of(sock)
    connection = Connection(with_tls(sock, address, deadline) if address.tls else sock)
    try:
        _log_in(connection, peer, address, greeting, deadline)
    except BaseException:
        connection.close()
        raise
    return connection


def login(username: str, password: str) -> Command:
    """Return the login command; without a user it is the form that servers before Redis 6 also know."""
    return ("AUTH", username, password) if username else ("AUTH", password)


def time_left(deadline: Deadline) -> float:
    """Return the seconds left. Raises TimeoutError if there are none (0 would mean non-blocking)."""
    remaining = deadline.remaining()
    if remaining <= 0:
        raise TimeoutError("no time left")
    return remaining


def peer_of(sock: socket.socket) -> Peer | None:
    """Return the address that a socket is connected to, or None if the peer is already gone."""
    try:
        return sock.getpeername()
    except OSError:
        return None


def _log_in(
    connection: Connection, peer: Peer | None, address: RedisAddress, greeting: Sequence[Command], deadline: Deadline
) -> None:
    commands = list(greeting)
    if address.password is not None:
        commands.insert(0, login(address.username, address.password.reveal()))
    try:
        replies = connection.ask(commands, deadline)
    except (EOFError, ConnectionError):
        # A TLS server hangs up on plain text; so does a peer that is not Redis at all.
        if address.tls is None and speaks_tls(peer, deadline):
            raise CollectError(ErrorClass.TLS, "the server speaks TLS: use rediss://") from None
        raise
    answer = replies[0] if replies else None
    if isinstance(answer, ServerError) and (address.password is not None or answer.error_class is ErrorClass.AUTH):
        raise answer.at_login()


def with_tls(sock: socket.socket, address: RedisAddress, deadline: Deadline) -> socket.socket:
    """Return a connected socket, with TLS if the address asks for it; the plain socket is closed on failure.

    Raises CollectError (tls) if the server does not speak TLS, and the errors of socket and ssl.
    """
    assert address.tls is not None
    peer = peer_of(sock)
    try:
        sock.settimeout(handshake_seconds(deadline))
        return address.tls.wrap_socket(sock, server_hostname=tls_name(address.host))
    except TimeoutError:
        sock.close()
        if speaks_plain(peer, deadline):
            raise CollectError(ErrorClass.TLS, PLAIN_TEXT) from None
        raise
    except ConnectionError:
        sock.close()
        raise CollectError(ErrorClass.TLS, HUNG_UP) from None
    except BaseException:
        sock.close()
        raise


def handshake_seconds(deadline: Deadline) -> float:
    """Return the time for a TLS handshake: the rest is for `speaks_plain`. Raises TimeoutError if there is none.

    A plain-text server waits for a line end, which a handshake never sends.
    """
    left = time_left(deadline)
    return max(left - _PROBE_SECONDS, left / 2)


def _addresses(host: str, port: int) -> list[Peer]:
    """Return the addresses of a host in the system's order of preference. Raises OSError and CollectError (dns)."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise CollectError(ErrorClass.DNS, "the host name cannot be asked for") from None
    return list(dict.fromkeys(sockaddr for _, _, _, _, sockaddr in found))[:_MAXIMUM_ADDRESSES]


def connect_first(addresses: Sequence[Peer], deadline: Deadline) -> socket.socket:
    """Return a connection to the first address that answers; each gets its share of the time left.

    An address that drops packets must not use up the time of the others. Raises OSError of the last one tried.
    """
    first, *others = addresses
    try:
        return _open(first, time_left(deadline) / len(addresses))
    except OSError:
        if not others:
            raise
    return connect_first(others, deadline)


def _open(peer: Peer, seconds: float) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if len(peer) == 4 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(peer)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def speaks_plain(peer: Peer | None, deadline: Deadline) -> bool:
    """Return whether a PING without TLS is answered; called only after a TLS handshake got no answer."""
    if peer is None:
        return False
    try:
        with _open(peer, time_left(deadline)) as sock:
            sock.sendall(pack([("PING",)]))
            sock.settimeout(time_left(deadline))
            return sock.recv(1) in {b"+", b"-"}
    except OSError:
        return False


def speaks_tls(peer: Peer | None, deadline: Deadline) -> bool:
    """Return whether a TLS handshake starts; called only after the server hung up on plain text."""
    if peer is None:
        return False
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent: only the kind of server matters
    try:
        with _open(peer, time_left(deadline)) as sock:
            sock.settimeout(time_left(deadline))
            context.wrap_socket(sock).close()
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # refused within TLS, for example for lack of a client certificate
    except OSError:
        return False
    return True
