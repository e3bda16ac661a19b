"""A PING to Redis or Valkey over a new connection, or a value written and read back."""

from __future__ import annotations

import socket
import ssl
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from exporters.core.checks.check import Entry, Observation, Probe
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.redis_client import (
    PLAIN_TEXT,
    Command,
    Connection,
    Reply,
    handshake_seconds,
    login,
    peer_of,
    speaks_plain,
    speaks_tls,
    tls_name,
)
from exporters.core.redis_errors import ServerError
from exporters.core.settings import Secret
from exporters.synthetic.dependency import ConnectingCheck
from exporters.synthetic.sockets import connect
from exporters.synthetic.tls import client_context, handshake

_PORT = 6379
_KEY_LIFE_SECONDS = "60"
# In a cluster, random keys are tried until one belongs to this node: so many at a time, so many times.
_KEYS_AT_A_TIME = 256
_ATTEMPTS = 4
_ELSEWHERE = frozenset({"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisCheck(ConnectingCheck):
    """Passes if PING is answered; with `write`, if a value written under its own key is read back."""

    kind: Annotated[Literal["redis"], "A PING to Redis or Valkey."]
    url: Annotated[
        str | None, "`redis://` or `rediss://` URL without a password; exactly one of `url` and `url_file`."
    ] = None
    url_file: Annotated[str | None, "The file with the URL."] = None
    write: Annotated[bool, "Whether to write a value under its own key and read it back."] = False
    tls_verify: Annotated[bool, "Whether to verify the server's certificate."] = True
    ca_file: Annotated[str | None, "The CA that signed the certificate (PEM); default: the system's CAs."] = None


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    port: int
    url: Secret
    context: ssl.SSLContext | None


def prepare(settings: RedisCheck, entry: Entry) -> Probe:
    """Return the check, with its secret loaded. Raises ConfigError."""
    url = entry.secret("url", settings.url, settings.url_file)
    try:
        parts = _parse(url)
        port = parts.port or _PORT
    except ValueError:
        raise entry.error("url", "expected an address like redis://host:6379/0") from None
    secure = parts.scheme in {"rediss", "valkeys"}
    context = client_context(entry, settings.ca_file, verify=settings.tls_verify) if secure else None
    return partial(_check, _Server(parts.hostname or "", port, url, context), settings)


def _parse(url: Secret) -> SplitResult:
    """Return the address. Raises ValueError."""
    parts = urlsplit(url.reveal())
    if (
        parts.scheme not in {"redis", "rediss", "valkey", "valkeys"}
        or not parts.hostname
        or not _database(parts).isdecimal()
    ):
        raise ValueError
    return parts


def _database(parts: SplitResult) -> str:
    return parts.path.strip("/") or "0"


def _greeting(url: Secret) -> tuple[Command, ...]:
    """Return the login commands. Raises CollectError if the file of the URL has become invalid."""
    try:
        parts = _parse(url)
    except ValueError:
        raise CollectError(ErrorClass.AUTH, "url_file no longer contains a valid URL") from None
    greeting: list[Command] = []
    if parts.password:
        greeting.append(login(unquote(parts.username or ""), unquote(parts.password)))
    if _database(parts) != "0":
        greeting.append(("SELECT", _database(parts)))
    return tuple(greeting)


def _check(server: _Server, settings: RedisCheck, observation: Observation, deadline: Deadline) -> None:
    with _open(server, observation, deadline) as sock:
        peer = peer_of(sock)
        with observation.phase("processing"):
            try:
                _talk(Connection(sock), _greeting(server.url), settings, deadline)
            except (EOFError, ConnectionError):
                if server.context is None and speaks_tls(peer, deadline):
                    raise CollectError(ErrorClass.TLS, "the server speaks TLS: use rediss://") from None
                raise


def _open(server: _Server, observation: Observation, deadline: Deadline) -> socket.socket:
    sock = connect(server.host, server.port, observation, deadline)
    if server.context is None:
        return sock
    peer = peer_of(sock)
    try:
        return handshake(
            sock, server.context, tls_name(server.host), observation, Deadline.after(handshake_seconds(deadline))
        )
    except TimeoutError:
        if speaks_plain(peer, deadline):
            raise CollectError(ErrorClass.TLS, PLAIN_TEXT) from None
        raise


def _talk(connection: Connection, greeting: Sequence[Command], settings: RedisCheck, deadline: Deadline) -> None:
    """Log in and run the check, in one round trip if possible. Raises CollectError."""
    if not settings.write:
        _expect(_after_login(connection, greeting, [("PING",)], deadline), b"PONG")
        return
    # A key for every run, so that two exporters with the same check do not read each other's value.
    value = uuid.uuid4().hex
    key = _key(settings.name, value)
    replies = _after_login(connection, greeting, _written(key, value), deadline)
    if _is_elsewhere(replies[0]):
        key = _own_key(connection, settings.name, replies[0], deadline)
        replies = connection.ask(_written(key, value), deadline)
    _expect(replies, value.encode())
    removed = connection.ask([("DEL", key)], deadline)
    _expect(removed, removed[0])  # gone: evicted


def _after_login(
    connection: Connection, greeting: Sequence[Command], commands: Sequence[Command], deadline: Deadline
) -> list[Reply]:
    """Return the replies to commands sent together with the greeting. Raises CollectError if that is refused."""
    replies = connection.ask([*greeting, *commands], deadline)
    for command, reply in zip(greeting, replies, strict=False):
        if isinstance(reply, ServerError):
            raise reply.at_login() if command[0] == "AUTH" else reply
    return replies[len(greeting) :]


def _key(name: str, tail: str) -> str:
    return f"pantrywatch:check:{name}:{tail}"


def _written(key: str, value: str) -> list[Command]:
    return [("SET", key, value, "EX", _KEY_LIFE_SECONDS), ("GET", key)]


def _is_elsewhere(reply: Reply) -> bool:
    return isinstance(reply, ServerError) and reply.code in _ELSEWHERE


def _own_key(connection: Connection, name: str, refusal: ServerError, deadline: Deadline) -> str:
    """Return a key whose slot this node serves. Raises CollectError if there is none."""
    for _ in range(_ATTEMPTS):
        keys = [_key(name, uuid.uuid4().hex) for _ in range(_KEYS_AT_A_TIME)]
        replies = connection.ask([("GET", key) for key in keys], deadline)
        for key, reply in zip(keys, replies, strict=True):
            if not _is_elsewhere(reply):
                return key
    if refusal.error_class is ErrorClass.REDIRECT:
        raise CollectError(ErrorClass.REDIRECT, "this node of the cluster owns no slots: a replica, or none assigned")
    raise refusal


def _expect(replies: Sequence[Reply], last: Reply) -> None:
    """Raise CollectError at the first error reply, or if the last reply is unexpected."""
    for reply in replies:
        if isinstance(reply, ServerError):
            raise reply
    if replies[-1] != last:
        raise CollectError(ErrorClass.PROTOCOL, "unexpected reply")
