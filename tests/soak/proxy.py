"""A TCP proxy on loopback that can be told to misbehave towards the client; the server behind it never notices."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.support.servers import free_port

_CHUNK_BYTES = 65536
_READY_FOR_QUERY = b"Z\x00\x00\x00\x05"  # PostgreSQL: logged in, or done with a query


@dataclass(slots=True, eq=False)
class Link:
    """One client's connection and the connection to the server that belongs to it."""

    client: socket.socket
    server: socket.socket
    over: threading.Event = field(default_factory=threading.Event)
    logged_in: bool = False

    def wait(self, seconds: float) -> None:
        """Return after this time, or when the connection is over: then ConnectionError."""
        if self.over.wait(seconds):
            raise ConnectionResetError

    def cut(self, *, reset: bool = False) -> None:
        """End both connections; with `reset` the client is sent RST in place of FIN."""
        self.over.set()
        # The pumps wait in recv(): a shutdown wakes them, a close alone does not.
        how = socket.SHUT_RDWR
        if reset and self.client.fileno() >= 0:
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            how = socket.SHUT_RD
        for end, direction in ((self.client, how), (self.server, socket.SHUT_RDWR)):
            with contextlib.suppress(OSError):  # gone already
                end.shutdown(direction)
        self.client.close()


Pump = Callable[[Link, bytes], None]


def to_server(link: Link, data: bytes) -> None:
    """Pass on what the client sent."""
    link.server.sendall(data)


def to_client(link: Link, data: bytes) -> None:
    """Pass on what the server sent."""
    link.client.sendall(data)


def nowhere(_link: Link, _data: bytes) -> None:
    """Lose it."""


def drip(link: Link, data: bytes) -> None:
    """Pass on what the server sent, 20 bytes a second."""
    for number in range(len(data)):
        link.client.sendall(data[number : number + 1])
        link.wait(0.05)


def late(link: Link, data: bytes) -> None:
    """Pass on what the server sent, each part 0.2 s later."""
    link.wait(0.2)
    link.client.sendall(data)


def cut_in_half(link: Link, data: bytes) -> None:
    """Send the first half of an answer, then close."""
    link.client.sendall(data[: len(data) // 2])
    link.cut()


def reset(link: Link, _data: bytes) -> None:
    """Answer with RST."""
    link.cut(reset=True)


def garbage(link: Link, data: bytes) -> None:
    """Answer with random bytes, the same for the same question."""
    dice = random.Random(data)
    link.client.sendall(dice.randbytes(dice.randint(1, 4096)))


def web_page(link: Link, _data: bytes) -> None:
    """Answer as a web server does."""
    link.client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def endless(link: Link, data: bytes) -> None:
    """Answer each query with rows that never end (PostgreSQL), each command with a line that never ends (Redis)."""
    if not _forged(link, data, b"*"):
        return
    row = b"D" + struct.pack("!ihi", 4 + 2 + 4 + 1000, 1, 1000) + b"1" * 1000
    part = (row if link.logged_in else b"1" * 1000) * 50
    link.client.sendall(_DESCRIPTION if link.logged_in else b"+")
    while True:  # 2 MB a second: what is asked is when the client has enough, not how much fits
        link.client.sendall(part)
        link.wait(0.025)


def oversized(link: Link, data: bytes) -> None:
    """Answer with one value of 15 MB."""
    if not _forged(link, data, b"INFO"):
        return
    size = 15_000_000
    if link.logged_in:
        row = struct.pack("!ihi", 4 + 2 + 4 + size, 1, size)
        link.client.sendall(
            _DESCRIPTION + b"D" + row + b"1" * size + b"C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I"
        )
    else:
        link.client.sendall(b"$%d\r\n" % size + b"a:1\r\n" * (size // 5) + b"\r\n")


# One column `one`, of type text.
_DESCRIPTION = b"T\x00\x00\x00\x1c\x00\x01one\x00" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)


def _forged(link: Link, data: bytes, command: bytes) -> bool:
    """Whether the answer to this is forged: a query after the login (PostgreSQL), or this command (Redis)."""
    if link.logged_in or command in data[:200].upper():
        return True
    link.server.sendall(data)
    return False


@dataclass(frozen=True, slots=True)
class Mode:
    """How each part that client and server send is treated, and whether anybody listens."""

    requests: Pump = to_server
    replies: Pump = to_client
    listens: bool = True


HEALTHY = Mode()
MODES = {
    "half-open": Mode(nowhere, nowhere),
    "one-way": Mode(replies=nowhere),
    "drip": Mode(replies=drip),
    "late": Mode(replies=late),
    "reset": Mode(requests=reset),
    "closed mid-message": Mode(replies=cut_in_half),
    "refused": Mode(listens=False),
    "garbage": Mode(requests=garbage),
    "web server": Mode(requests=web_page),
    "endless reply": Mode(requests=endless),
    "oversized reply": Mode(requests=oversized),
}


class Proxy:
    """Listens on `port` until closed; `switch` changes how it behaves."""

    def __init__(self, upstream_port: int) -> None:
        self.port = free_port()
        self._upstream_port = upstream_port
        self._mode = HEALTHY
        self._links: set[Link] = set()
        self._guard = threading.Lock()
        self._listener: socket.socket | None = None
        self._listen()

    def switch(self, mode: Mode, *, drop: bool = True) -> None:
        """Treat everything so from now on; connections that are open are reset first unless `drop` is false."""
        self._mode = mode
        if mode.listens and self._listener is None:
            self._listen()
        if not mode.listens:
            self._close_listener()
        if drop:
            self._drop()

    def close(self) -> None:
        """Listen no more and end every connection."""
        self._close_listener()
        self._drop()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _close_listener(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):  # shut down already
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _drop(self) -> None:
        with self._guard:
            links = list(self._links)
        for link in links:
            link.cut(reset=True)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client = listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._upstream_port), timeout=10)
        except OSError:  # the server is down, and its client sees the connection end
            client.close()
            return
        server.settimeout(None)
        link = Link(client, server)
        with self._guard:
            self._links.add(link)
        replies = threading.Thread(target=self._pump, args=(link, server, lambda: self._mode.replies), daemon=True)
        replies.start()
        self._pump(link, client, lambda: self._mode.requests)
        replies.join()
        server.close()
        with self._guard:
            self._links.discard(link)

    def _pump(self, link: Link, source: socket.socket, treat: Callable[[], Pump]) -> None:
        with contextlib.suppress(OSError):  # either end is gone
            while data := source.recv(_CHUNK_BYTES):
                if source is link.server and _READY_FOR_QUERY in data:
                    link.logged_in = True
                treat()(link, data)
        link.cut()


@contextlib.contextmanager
def proxy(upstream_port: int) -> Iterator[Proxy]:
    """Run a proxy in front of this loopback port until the block ends."""
    running = Proxy(upstream_port)
    try:
        yield running
    finally:
        running.close()
