"""A PING to Redis or Valkey over a new connection, or a value written and read back.

The protocol is spoken here, RESP2 of https://redis.io/docs/latest/develop/reference/protocol-spec/: redis-py has a
timeout for each read but no deadline, and one type of error for a refusal, TLS and name resolution.
"""

from __future__ import annotations

import socket
import ssl
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from exporters.core.checks.check import CheckSettings, Entry, Observation, Probe
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.settings import Secret
from exporters.synthetic.sockets import Stream, connect
from exporters.synthetic.tls import client_context, handshake

_PORT = 6379
_KEY_LIFE_SECONDS = "60"
_LONGEST_LINE_BYTES = 4096

Command = tuple[str, ...]

# How an error reply begins; anything else is an answer not expected.
_CLASSES = (
    (b"WRONGPASS", ErrorClass.AUTH),
    (b"NOAUTH", ErrorClass.AUTH),
    (b"ERR invalid password", ErrorClass.AUTH),
    (b"NOPERM", ErrorClass.PERMISSION),
    (b"DENIED", ErrorClass.REFUSED),  # protected mode: nobody from outside, whatever the password
    (b"ERR max number of clients", ErrorClass.EXHAUSTED),
    (b"OOM", ErrorClass.EXHAUSTED),
    (b"BUSY", ErrorClass.TIMEOUT),  # blocked by a script, as by a lock
    (b"LOADING", ErrorClass.TIMEOUT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisCheck(CheckSettings):
    """Passes when PING is answered; with `write`, when a value written under a key of its own is read back."""

    kind: Literal["redis"]
    url: str | None = None
    url_file: str | None = None
    write: bool = False
    tls_verify: bool = True
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    port: int
    url: Secret
    context: ssl.SSLContext | None


def prepare(settings: RedisCheck, entry: Entry) -> Probe:
    """Return the check, its secret read. Raises ConfigError."""
    url = entry.secret("url", settings.url, settings.url_file)
    try:
        parts = _parse(url)
        port = parts.port or _PORT
    except ValueError:
        raise entry.error("url", "expected an address like redis://host:6379/0") from None
    secure = parts.scheme == "rediss"
    context = client_context(entry, settings.ca_file, verify=settings.tls_verify) if secure else None
    return partial(_check, _Server(parts.hostname or "", port, url, context), settings)


def _parse(url: Secret) -> SplitResult:
    """Return the address. Raises ValueError."""
    parts = urlsplit(url.reveal())
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or not _database(parts).isdecimal():
        raise ValueError
    return parts


def _database(parts: SplitResult) -> str:
    return parts.path.strip("/") or "0"


def _greeting(url: Secret) -> tuple[Command, ...]:
    """Return what to say first. Raises CollectError where the file of the URL holds something else by now."""
    try:
        parts = _parse(url)
    except ValueError:
        raise CollectError(ErrorClass.AUTH, "the file with the URL holds none any more") from None
    greeting: list[Command] = []
    if parts.password:
        user = (unquote(parts.username),) if parts.username else ()
        greeting.append(("AUTH", *user, unquote(parts.password)))
    if _database(parts) != "0":
        greeting.append(("SELECT", _database(parts)))
    return tuple(greeting)


def _check(server: _Server, settings: RedisCheck, observation: Observation, deadline: Deadline) -> None:
    # A key for every run: two exporters with the same check do not read each other's value.
    value = uuid.uuid4().hex
    key = f"pantrywatch:check:{settings.name}:{value}"
    commands: tuple[Command, ...] = (("PING",),)
    expected = b"PONG"
    if settings.write:
        commands = (("SET", key, value, "EX", _KEY_LIFE_SECONDS), ("GET", key))
        expected = value.encode()
    with _open(server, observation, deadline) as sock:
        stream = Stream(sock, deadline)
        with observation.phase("processing"):
            if _replies(stream, (*_greeting(server.url), *commands))[-1] != expected:
                raise CollectError(ErrorClass.PROTOCOL, "another answer than expected")
            if settings.write:
                _replies(stream, (("DEL", key),))


def _open(server: _Server, observation: Observation, deadline: Deadline) -> socket.socket:
    sock = connect(server.host, server.port, observation, deadline)
    return handshake(sock, server.context, server.host, observation, deadline) if server.context else sock


def _replies(stream: Stream, commands: Sequence[Command]) -> list[bytes]:
    """Return the replies to commands sent in one go. Raises CollectError at the first error among them."""
    stream.sendall(b"".join(map(_encoded, commands)))
    reader = stream.makefile()
    return [_reply(reader) for _ in commands]


def _encoded(command: Command) -> bytes:
    words = [word.encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _reply(reader: BufferedReader) -> bytes:
    """Return a simple reply, empty for the null one."""
    line = reader.readline(_LONGEST_LINE_BYTES)
    if not line.endswith(b"\r\n"):
        raise CollectError(ErrorClass.PROTOCOL, "the connection ended")
    kind, text = line[:1], line[1:-2]
    if kind in {b"+", b":"}:
        return text
    if kind == b"$" and text.removeprefix(b"-").isdigit():
        return reader.read(int(text) + 2)[:-2] if int(text) >= 0 else b""
    if kind == b"-":
        found = next((error_class for start, error_class in _CLASSES if text.startswith(start)), ErrorClass.PROTOCOL)
        raise CollectError(found, "the server answered with an error")
    raise CollectError(ErrorClass.PROTOCOL, "the peer does not speak the protocol of Redis")
