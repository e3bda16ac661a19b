"""HTTP/1.1 for the receiver: what a client may make us hold or wait for is bounded."""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import lru_cache
from http import HTTPStatus
from typing import cast

import httptools

from exporters.rum.beacon import MOST_BYTES
from exporters.rum.limits import NOBODY
from exporters.rum.receiver import ACCEPTED, HEADERS, Answer, Head, Receiver

_MOST_HEAD_BYTES = 8 * 1024
_MOST_REQUEST_BYTES = 64 * 1024  # as sent, with its head and the framing of its chunks
_READ_BYTES = 16 * 1024
_REQUEST_SECONDS = 10.0  # from the first byte of a request to its last, and for reading an answer
_IDLE_SECONDS = 30.0
_SWEEP_SECONDS = 1.0
_MOST_CONNECTIONS = 512
_TOO_LARGE = 413
_MOST_PARTS = 64  # of a body, before they are joined: a part of a single byte takes 34

_PREFLIGHT = b"access-control-allow-methods: POST\r\naccess-control-allow-headers: content-type\r\n"


class Connections:
    """All connections; when there are too many, the one that has waited longest makes room."""

    def __init__(self, receiver: Receiver, most: int = _MOST_CONNECTIONS) -> None:
        """Give each of at most `most` connections to this receiver."""
        self.receiver = receiver
        # One for all, as what arrives is parsed at once: asyncio's own is 256 kB for every packet, which the exporters'
        # allocator gives back to the system each time.
        self.buffer = bytearray(_READ_BYTES)
        self.view = memoryview(self.buffer)
        self._most = most
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(self)

    def opened(self, connection: Connection) -> None:
        """Take a connection in."""
        if len(self._open) >= self._most:
            oldest = min(self._open, key=lambda one: one.deadline)
            self.receiver.drop("connections")
            self._open.discard(oldest)
            oldest.abort()
        self._open.add(connection)

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.discard(connection)

    def end_late(self, now: float) -> None:
        """End the connections whose time is up; one that waits between two requests is not counted as slow."""
        for connection in [one for one in self._open if one.deadline < now]:
            if connection.in_request and not connection.is_refused():
                self.receiver.drop("slow")
            self._open.discard(connection)
            connection.abort()

    async def sweep(self) -> None:
        """End late connections, for ever."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.end_late(time.monotonic())

    def end_all(self) -> None:
        """End every connection."""
        for connection in list(self._open):
            connection.abort()


class Connection(asyncio.BufferedProtocol):
    """One connection of a client, for any number of requests."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._receiver = connections.receiver
        self._transport: asyncio.Transport | None = None
        self._peer = NOBODY
        self.deadline = time.monotonic() + _REQUEST_SECONDS
        self.in_request = True  # an opened connection owes us a request
        self._bytes = 0
        self._head: Head | None = None  # until it is complete
        self._answer: Answer | None = None
        # Parts of the request, as httptools hands them over: methods of lists, a call into Python each less.
        self._url: list[bytes] = []
        self._body: list[bytes] = []
        self.on_url, self.on_body = self._url.append, self._body.append
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._peer = self._receiver.peer(str(peer[0])) if isinstance(peer, tuple) else NOBODY
        self._connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self._transport = None
        self._connections.closed(self)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's signature
        """Return where the next packet goes."""
        return self._connections.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse a packet."""
        self.received(self._connections.view[:nbytes])

    def received(self, data: bytes | memoryview) -> None:
        """Parse what has arrived; one that is not HTTP, or too large, ends the connection."""
        if not self.in_request:
            self.in_request = True
            self.deadline = time.monotonic() + _REQUEST_SECONDS
        self._bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # its request has been answered
            self.abort()
            return
        except httptools.HttpParserError:
            self._refuse("http")
            return
        if self.in_request:
            self._limit()

    def _limit(self) -> None:
        """End a connection whose request is too large; nothing is kept of a body that is refused."""
        if self._head is None:
            if self._bytes > 2 * _MOST_HEAD_BYTES:
                self._refuse("http")
            return
        if sum(map(len, self._body)) > MOST_BYTES and self._answer is None:
            self._answer = self._receiver.drop("size")
        if self._answer:
            self._body.clear()
        elif len(self._body) > _MOST_PARTS:
            self._body[:] = [b"".join(self._body)]
        if self._bytes > _MOST_REQUEST_BYTES or (self._answer and self._answer.status == _TOO_LARGE):
            self._refuse("size")

    def pause_writing(self) -> None:
        """Read nothing more from a client that does not read its answers."""
        if self._transport:
            self._transport.pause_reading()
        self.in_request = True
        self.deadline = time.monotonic() + _REQUEST_SECONDS

    def resume_writing(self) -> None:
        """Read on."""
        if self._transport:
            self._transport.resume_reading()

    def is_refused(self) -> bool:
        """Return whether the request under way has been dropped already: it is not counted twice."""
        return self._answer is not None

    def abort(self) -> None:
        """End the connection now."""
        if self._transport:
            self._transport.abort()

    # What httptools calls. An exception in one of these would be wrapped by it: none is raised.

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Keep a header that is read; of a repeated one the last line counts."""
        value = value or b""
        self._header_bytes += len(name) + len(value)
        name = name.lower()
        if name in HEADERS:
            self._headers[name] = value

    def on_headers_complete(self) -> None:
        """Decide whether the body is worth reading."""
        url = b"".join(self._url)
        self._head = Head(self._parser.get_method(), url, self._peer, self._headers)
        self._headers = {}  # what follows a chunked body is not a header
        if self._header_bytes + len(url) > _MOST_HEAD_BYTES:
            self._answer = self._receiver.drop("http")
        else:
            self._answer = self._receiver.on_head(self._head)
        if b"expect" in self._head.headers:  # 100-continue: there is no other expectation
            self._invite_body()

    def _invite_body(self) -> None:
        """Tell a client that waits to be asked for its body to send it, or that nobody wants it."""
        if self._answer:
            self._refuse("http")
        elif self._transport:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_message_complete(self) -> None:
        """Answer."""
        body = b"".join(self._body)
        answer = self._answer or self._answer_to(body)
        self._url.clear()
        self._body.clear()
        self._headers.clear()
        self._bytes = self._header_bytes = 0
        self.in_request, self._head, self._answer = False, None, None
        self.deadline = time.monotonic() + _IDLE_SECONDS
        self._write(answer, close=not self._parser.should_keep_alive())

    def _answer_to(self, body: bytes) -> Answer:
        if self._head is None or len(body) > MOST_BYTES:
            return self._receiver.drop("size")
        return self._receiver.on_body(self._head, body)

    def _refuse(self, reason: str) -> None:
        """Answer once, and end the connection; a request already dropped is not counted twice."""
        if self._transport is not None and not self._transport.is_closing():
            self._write(self._answer or self._receiver.drop(reason), close=True)

    def _write(self, answer: Answer, *, close: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        is_usual = answer is ACCEPTED and not close
        self._transport.write(_ACCEPTED_TEXT if is_usual else _text_of(answer, close=close))
        if close:
            self._transport.close()


@lru_cache(maxsize=512)  # answers are few: a status, and an origin of the list
def _text_of(answer: Answer, *, close: bool) -> bytes:
    head = b"HTTP/1.1 %d %s\r\n" % (answer.status, HTTPStatus(answer.status).phrase.encode())
    if answer.status != HTTPStatus.NO_CONTENT:
        head += b"content-length: 0\r\n"
    if answer.origin:
        head += b"access-control-allow-origin: " + answer.origin + b"\r\nvary: origin\r\n"
        if answer.preflight:
            head += _PREFLIGHT + b"access-control-max-age: 600\r\n"
    return head + (b"connection: close\r\n\r\n" if close else b"\r\n")


_ACCEPTED_TEXT = _text_of(ACCEPTED, close=False)


async def serve_beacons(connections: Connections, server: asyncio.Server, stop: asyncio.Event) -> None:
    """Accept beacons until `stop` is set."""
    sweeping = asyncio.ensure_future(connections.sweep())
    await stop.wait()
    sweeping.cancel()
    server.close()
    connections.end_all()
    with contextlib.suppress(asyncio.CancelledError):
        await sweeping
