"""The HTTP server under everything we serve, with bounds on connections. Without a request it never wakes.

A connection that does not send a whole request, or does not read its answer, is closed. Only requests in progress count
towards the limit of requests; idle connections make room for new ones.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import resource
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any

from exporters.core.asgi import Application, Event, Receive, Send
from exporters.core.http_connection import Connection, Limits
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

_BACKLOG = 128  # connections that the kernel queues before we accept them
_ACCEPTED_AT_ONCE = 4  # before the limit is checked; asyncio accepts as many as its backlog
_QUIET_SECONDS = 5.0  # after this long without a lack of descriptors it counts as resolved
_FINISH_SECONDS = 2.0  # for the requests in progress when it ends
_USUAL = Limits()
_NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class _Descriptors:
    """Logs once when connections cannot be accepted for lack of file descriptors, and once when that is resolved."""

    def __init__(self) -> None:
        self._changes = ChangeLog(logger)
        self._lacking_at = -math.inf

    def lacking(self, error: OSError) -> None:
        """Note that a connection could not be accepted."""
        self._lacking_at = time.monotonic()
        name = errno.errorcode[error.errno or 0]
        state = f"cannot accept connections ({name}: out of file descriptors)"
        self._changes.report("server=http", state, failing=True)

    def accepted(self) -> None:
        """Note that a connection was accepted; occasionally that succeeds even while descriptors are short."""
        if time.monotonic() > self._lacking_at + _QUIET_SECONDS:
            self._changes.report("server=http", "accepting connections", failing=False)


_descriptors = _Descriptors()


async def serve_http(
    application: Application,
    listener: socket.socket,
    tls: ssl.SSLContext | None = None,
    *,
    limits: Limits = _USUAL,
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests, with TLS if a context is given, until SIGTERM or SIGINT.

    `on_start` is called once requests are answered and both signals are handled.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.ask)
    bounded, connections = _Bounded(application, limits.requests), _Connections(limits)
    server = await loop.create_server(
        lambda: Connection(bounded, limits, connections),
        sock=listener,
        ssl=tls,
        ssl_handshake_timeout=limits.request_seconds if tls else None,
        backlog=_ACCEPTED_AT_ONCE,
    )
    listener.listen(_BACKLOG)
    on_start()
    await stop.asked.wait()
    server.close()
    await connections.finish(stop.at_once)


class _Stop:
    """Asked once to shut down gracefully, at the second time immediately. Nothing polls for it."""

    def __init__(self) -> None:
        self.asked, self.at_once = asyncio.Event(), asyncio.Event()

    def ask(self) -> None:
        """Take a signal."""
        (self.at_once if self.asked.is_set() else self.asked).set()


class _Connections:
    """The open connections; the most expendable makes room for a new one: idle ones first, the longest idle of them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: set[Connection] = set()
        self.none_left = asyncio.Event()
        self.none_left.set()

    def opened(self, connection: Connection) -> None:
        """Take in a new connection."""
        self._open.add(connection)
        self.none_left.clear()
        _descriptors.accepted()
        if len(self._open) <= min(self._limits.connections, _half_of_the_descriptors()):
            return
        idle = [other for other in self._open if not other.in_progress and other is not connection]
        leaving = min(idle, key=lambda other: (other.answered_before, other.since), default=connection)
        self.closed(leaving)
        leaving.abort()

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.discard(connection)
        if not self._open:
            self.none_left.set()

    async def finish(self, at_once: asyncio.Event) -> None:
        """Let requests in progress be answered, for a while or until `at_once`, and close all connections."""
        for connection in list(self._open):
            connection.finish()
        either = [asyncio.ensure_future(event.wait()) for event in (self.none_left, at_once)]
        await asyncio.wait(either, timeout=_FINISH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in either:
            wait.cancel()
        for connection in list(self._open):
            connection.abort()


def _date() -> bytes:
    """Return the time as HTTP writes it. email.utils has it too, and takes 10 ms of CPU to load."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()).encode()


class _Bounded:
    """Answers 503 to new requests while too many are in progress, and sets Date on every answer."""

    def __init__(self, application: Application, most_requests: int) -> None:
        self._application = application
        self._most_requests = most_requests
        self._in_progress = 0

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""

        async def dated(event: Event) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event.get("headers", ()), (b"date", _date())]
            await send(event)

        known = scope.get("state", {}).get("answered", False)
        if self._in_progress >= self._most_requests and not known:
            await _refuse(dated)
            return
        self._in_progress += 1
        try:
            await self._application(scope, receive, dated)
        finally:
            self._in_progress -= 1


async def _refuse(send: Send) -> None:
    text = b"too many requests in progress\n"
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    head.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 503, "headers": head})
    await send({"type": "http.response.body", "body": text})


def _half_of_the_descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft // 2


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log errors that reach the event loop unhandled; a lack of descriptors only once, however long it lasts."""
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in _NO_DESCRIPTOR:
        _descriptors.lacking(error)
    elif not isinstance(error, OSError):  # these are clients that disconnected
        logger.error("server=http error=%s", type(error).__name__ if error else "unknown")
