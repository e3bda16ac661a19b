"""The HTTP server under everything we serve: uvicorn, with bounds on connections and without its ten ticks a second.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from exporters.core.access import Application, Event, Receive, Send
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

_KEEP_ALIVE_SECONDS = 90  # longer than the usual scrape interval: one connection serves many scrapes
_BACKLOG = 128  # connections that the kernel queues before we accept them
_ACCEPTED_AT_ONCE = 4  # before the limit is checked; asyncio accepts as many as its backlog
_QUIET_SECONDS = 5.0  # after this long without a lack of descriptors it counts as resolved
_LARGEST_HEAD_BYTES = 16 * 1024
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


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the other side may take, and how many connections and requests are allowed at once.

    `request_seconds` limits the head of a request, from the connection or from its first byte, and a TLS handshake;
    `body_seconds` limits a body, if there is one; `answer_seconds` limits reading the answer. `requests` counts those
    in progress; `connections` counts all, but never more than half of the file descriptors: the rest is for the watched
    services. Without `keep_alive` a connection serves one request.
    """

    request_seconds: float = 15.0
    body_seconds: float = 30.0
    answer_seconds: float = 30.0
    requests: int = 128
    connections: int = 512
    keep_alive: bool = True


async def serve_http(
    application: Application,
    listener: socket.socket,
    tls: ssl.SSLContext | None = None,
    *,
    limits: Limits = Limits(),
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests, with TLS if a context is given, until SIGTERM or SIGINT.

    `on_start` is called once requests are answered and both signals are handled.
    """
    config = uvicorn.Config(
        _Bounded(application, limits.requests),
        loop="asyncio",
        http=H11Protocol,  # the server creates its own, `_Connection`
        ws="none",
        lifespan="off",
        workers=1,  # by default WEB_CONCURRENCY decides, which is meant for an application on the same machine
        proxy_headers=False,  # and FORWARDED_ALLOW_IPS
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # `_Bounded` adds it: uvicorn updates its own in the tick
        headers=[] if limits.keep_alive else [("connection", "close")],
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=_LARGEST_HEAD_BYTES,
    )
    config.load()
    config.ssl = tls
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    server = _Server(config, on_start, limits)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Waits for a signal instead of polling for it ten times a second."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None], limits: Limits) -> None:
        super().__init__(config)
        self._limits = limits
        self._on_start = on_start
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Shut down gracefully; at the second call immediately."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopping.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; unlike uvicorn's, with a limit on how long a TLS handshake may take."""
        await self.lifespan.startup()
        self.server_state.default_headers = self.config.encoded_headers
        loop = asyncio.get_running_loop()
        handshake = self._limits.request_seconds if self.config.ssl else None
        self.servers = [
            await loop.create_server(
                lambda: _Connection(self.config, self.server_state, self._limits),
                sock=listener,
                ssl=self.config.ssl,
                ssl_handshake_timeout=handshake,
                backlog=_ACCEPTED_AT_ONCE,
            )
            for listener in sockets or []
        ]
        for listener in sockets or []:
            listener.listen(_BACKLOG)
        self.started = True

    async def main_loop(self) -> None:
        """Wait until `stop` is called."""
        self._on_start()
        await self._stopping.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the event loop: uvicorn would raise them again after it has ended."""
        yield


class _Connection(H11Protocol):
    """One connection, closed in time however slowly the other side sends or reads."""

    def __init__(self, config: uvicorn.Config, server_state: ServerState, limits: Limits) -> None:
        super().__init__(config, server_state, {})
        self._limits = limits
        self._timer: asyncio.TimerHandle | None = None
        self.since = time.monotonic()  # start of the last complete request, or of the connection

    @property
    def in_progress(self) -> bool:
        """Return whether a request has arrived that is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def answered_before(self) -> bool:
        """Return whether this connection has been answered at least once."""
        return bool(self.app_state.get("answered"))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer of the first request, and make room if there are too many connections."""
        super().connection_made(transport)
        _descriptors.accepted()
        self._end_after(self._limits.request_seconds)
        self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take the received data; the timer runs from the first byte of a request to its last."""
        idle, began = self.timeout_keep_alive_task is not None, self.in_progress
        super().data_received(data)
        if self.in_progress and not self.cycle.more_body:
            self._end_after(None)
        elif self.in_progress and not began:
            self._end_after(self._limits.body_seconds)
        elif not self.in_progress and (idle or self._timer is None):
            self._end_after(self._limits.request_seconds)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Still answer a client that has finished sending; TLS does not support half-closed connections."""
        if self.scheme == "https" or not self.in_progress:
            return None
        self.cycle.keep_alive = False
        return True

    def on_response_complete(self) -> None:
        """Check that the answer is read, and that an unread body does not hold the connection."""
        self.app_state["answered"] = True
        self.since = time.monotonic()
        self._end_after(None)
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._end_after(self._limits.answer_seconds)
        elif self.conn.their_state is h11.SEND_BODY and self._timer is None:
            self._end_after(self._limits.request_seconds)

    def pause_writing(self) -> None:
        """Give the client a limited time to read."""
        super().pause_writing()
        self._end_after(self._limits.answer_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._end_after(None)

    def _end_after(self, seconds: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._end) if seconds is not None else None

    def _end(self) -> None:
        self._timer = None
        unread = self.transport.get_write_buffer_size() > 0
        if unread or not self.in_progress or self.cycle.more_body:
            self.transport.abort()

    def _make_room(self) -> None:
        """Close the most expendable connection: idle ones first, the longest idle among them."""
        if len(self.connections) <= min(self._limits.connections, _half_of_the_descriptors()):
            return
        others = cast("set[_Connection]", self.connections)
        idle = [other for other in others if not other.in_progress and other is not self]
        leaving = min(idle, key=lambda other: (other.answered_before, other.since), default=self)
        others.discard(leaving)
        leaving.transport.abort()


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
                event["headers"] = [*event.get("headers", ()), (b"date", formatdate(usegmt=True).encode())]
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
