"""One HTTP/1.1 connection of an ASGI application, on h11: closed in time however slowly the other side sends or reads.

A sidecar needs no more of a server than this. uvicorn, on which it was before, took 60 ms of CPU at the start and 5 MB.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import h11

from exporters.core.asgi import Application, Event
from exporters.core.logs import ChangeLog

_KEEP_ALIVE_SECONDS = 90  # longer than the usual scrape interval: one connection serves many scrapes
_LARGEST_HEAD_BYTES = 16 * 1024
_MOST_UNREAD_BYTES = 64 * 1024  # of a body that the application has not taken yet
_CLOSE = (b"connection", b"close")
_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
_errors = ChangeLog(logging.getLogger(__name__))
_running: set[asyncio.Task[None]] = set()  # the event loop itself does not keep them from the garbage collector


class Limits(NamedTuple):
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


@dataclass(slots=True)
class _Exchange:
    """A request and its answer."""

    method: str
    expects_continue: bool
    body: bytearray = field(default_factory=bytearray)
    more_body: bool = True
    head: bytes = b""  # of the answer, until it is sent with the first part of its body
    started: bool = False
    complete: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Connections(Protocol):
    """Whoever keeps all open connections."""

    def opened(self, connection: Connection) -> None:
        """Take in a new connection; may abort it, or another."""

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""


class Connection(asyncio.Protocol):
    """Parses requests and runs the application for each, one after the other."""

    def __init__(self, application: Application, limits: Limits, others: Connections) -> None:
        """`others` has this connection while it is open."""
        self._application = application
        self._limits = limits
        self._others = others
        self._http = h11.Connection(h11.SERVER, _LARGEST_HEAD_BYTES)
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._exchange: _Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._origin: dict[str, Any] = {}
        self._writable = asyncio.Event()
        self._writable.set()
        self._is_idle = self._is_lost = self._is_last = False
        self.answered_before = False
        self.since = time.monotonic()  # end of the last answer, or of the connection's start

    @property
    def in_progress(self) -> bool:
        """Return whether a request has arrived that is not answered yet."""
        return self._exchange is not None and not self._exchange.complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the timer of the first request."""
        self._transport = transport
        self._origin = {
            "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
            "server": _address(transport.get_extra_info("sockname")),
            "client": _address(transport.get_extra_info("peername")),
        }
        self._end_after(self._limits.request_seconds)
        self._others.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Stop the timer, and let the application know."""
        self._others.closed(self)
        self._is_lost = True
        self._end_after(None)
        self._writable.set()
        if self._exchange:
            self._exchange.changed.set()

    def data_received(self, data: bytes) -> None:
        """Take the received data; the timer runs from the first byte of a request to its last."""
        idle, began, self._is_idle = self._is_idle, self.in_progress, False
        self._http.receive_data(data)
        self._advance()
        if self._transport.get_write_buffer_size():
            return  # its timer stays: a further request does not excuse that an answer is not read
        exchange = self._exchange
        if exchange and not exchange.complete and not exchange.more_body:
            self._end_after(None)
        elif self.in_progress and not began:
            self._end_after(self._limits.body_seconds)
        elif not self.in_progress and (idle or self._timer is None):
            self._end_after(self._limits.request_seconds)

    def eof_received(self) -> bool:
        """Still answer a client that has finished sending; TLS does not support half-closed connections."""
        self._is_last = True
        return self.in_progress and self._origin["scheme"] == "http"

    def pause_writing(self) -> None:
        """Give the client a limited time to read."""
        self._writable.clear()
        self._end_after(self._limits.answer_seconds)

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    def finish(self) -> None:
        """Close the connection once its request is answered."""
        self._is_last = True
        if not self.in_progress:
            self._transport.close()

    def abort(self) -> None:
        """Close the connection now."""
        if self._task:
            self._task.cancel()
        self._transport.abort()

    def _end_after(self, seconds: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None if seconds is None else self._loop.call_later(seconds, self._end)

    def _end(self) -> None:
        self._timer = None
        unread = self._transport.get_write_buffer_size() > 0
        if unread or not self._exchange or self._exchange.complete or self._exchange.more_body:
            self._transport.abort()

    def _advance(self) -> None:
        """Take what has arrived, up to the end of the request in progress: others wait until that is answered."""
        try:
            while True:
                event = self._http.next_event()
                if event is h11.PAUSED:
                    self._transport.pause_reading()
                    return
                if not isinstance(event, h11.Request | h11.Data | h11.EndOfMessage):
                    return
                self._take(event)
        except h11.RemoteProtocolError:
            self._refuse()

    def _take(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        exchange = self._exchange
        if isinstance(event, h11.Request):
            self._begin(event)
        elif exchange is None or exchange.complete:  # the rest of a body that the application did not want
            if isinstance(event, h11.EndOfMessage) and self._http.our_state is h11.DONE:
                self._http.start_next_cycle()
        elif isinstance(event, h11.Data):
            exchange.body += event.data
            if len(exchange.body) > _MOST_UNREAD_BYTES:
                self._transport.pause_reading()
            exchange.changed.set()
        else:
            exchange.more_body = False
            exchange.changed.set()

    def _begin(self, request: h11.Request) -> None:
        method = request.method.decode("ascii")
        raw_path, _, query = request.target.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version.decode("ascii"),
            "method": method,
            "root_path": "",
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "headers": list(request.headers),  # names in lower case
            "state": {"answered": self.answered_before},
            **self._origin,
        }
        self._exchange = exchange = _Exchange(method, self._http.they_are_waiting_for_100_continue)
        self._is_idle = False
        self._task = self._loop.create_task(self._run(scope, exchange))
        _running.add(self._task)
        self._task.add_done_callback(_running.discard)

    async def _run(self, scope: Event, exchange: _Exchange) -> None:
        async def receive() -> Event:
            return await self._receive(exchange)

        async def send(event: Event) -> None:
            await self._send(exchange, event)

        try:
            await self._application(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - whatever the application raises, the client gets an answer
            _errors.report("server=http", f"error {type(error).__name__}", failing=True)
        if self._is_lost or exchange.complete:
            return
        if exchange.started or self._http.our_state is h11.ERROR:
            self._transport.abort()  # the client must not take half an answer for a whole one
        else:
            self._is_last = True
            text = b"Internal Server Error"
            head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
            await send({"type": "http.response.start", "status": 500, "headers": head})
            await send({"type": "http.response.body", "body": text})

    async def _receive(self, exchange: _Exchange) -> Event:
        """Return the next part of the body, or the end of the connection (ASGI)."""
        if exchange.expects_continue and not exchange.started:
            exchange.expects_continue = False
            self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")))
        if not self._is_lost and not exchange.complete:
            self._transport.resume_reading()
            await exchange.changed.wait()
            exchange.changed.clear()
        if self._is_lost or exchange.complete:
            return {"type": "http.disconnect"}
        body, exchange.body = bytes(exchange.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": exchange.more_body}

    async def _send(self, exchange: _Exchange, event: Event) -> None:
        """Send a part of the answer, once the client has read enough of what came before (ASGI)."""
        await self._writable.wait()
        if self._is_lost or exchange.complete:
            return
        if event["type"] == "http.response.start":
            exchange.head = self._head(event)
            exchange.started = True
            return
        body = b"" if exchange.method == "HEAD" else event.get("body", b"")
        data = exchange.head + (self._http.send(h11.Data(data=body)) or b"")
        exchange.head = b""
        if event.get("more_body", False):
            self._write(data)
            return
        self._write(data + (self._http.send(h11.EndOfMessage()) or b""))
        exchange.complete = True
        exchange.changed.set()
        self._completed()

    def _head(self, event: Event) -> bytes:
        headers = list(event.get("headers", ()))
        if (self._is_last or not self._limits.keep_alive) and _CLOSE not in headers:
            headers.append(_CLOSE)
        status = event["status"]
        response = h11.Response(status_code=status, headers=headers, reason=_PHRASES.get(status, b""))
        return self._http.send(response) or b""

    def _completed(self) -> None:
        """Wait for the next request, or take the one that is there; check that this answer is read."""
        self.answered_before, self.since = True, time.monotonic()
        if self._http.our_state is h11.MUST_CLOSE or self._is_last:
            self._transport.close()
        elif not self._transport.is_closing():
            self._is_idle = True
            self._end_after(_KEEP_ALIVE_SECONDS)
            self._transport.resume_reading()
            if self._http.their_state is h11.DONE:
                self._http.start_next_cycle()
                self._advance()
            elif self._http.their_state is h11.SEND_BODY:  # an unread body does not hold the connection
                self._end_after(self._limits.request_seconds)
            if self.in_progress:
                self._end_after(self._limits.body_seconds if self._exchange and self._exchange.more_body else None)
        if self._transport.get_write_buffer_size():
            self._end_after(self._limits.answer_seconds)

    def _refuse(self) -> None:
        """Answer what is not HTTP, be it a request or the body of one."""
        exchange = self._exchange
        if exchange and not exchange.started:
            exchange.complete = True  # by this answer
            exchange.changed.set()
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            text = b"Invalid HTTP request received."
            head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text)), _CLOSE]
            response = h11.Response(status_code=400, headers=head, reason=b"Bad Request")
            for event in (response, h11.Data(data=text), h11.EndOfMessage()):
                self._write(self._http.send(event) or b"")
        self._transport.close()

    def _write(self, data: bytes | None) -> None:
        if data and not self._transport.is_closing():
            self._transport.write(data)


def _address(name: object) -> tuple[str, int] | None:
    """Return host and port of a socket's name."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
