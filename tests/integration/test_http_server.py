"""Clients that say nothing, say it slowly, do not listen, or are too many, at a server of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support import servers

ROOT = Path(__file__).parents[2]
# Answers /big, /wait (until /go), /eat (opens every descriptor there is) and anything else with `ok`.
PROGRAM = """
import asyncio, os, resource, signal, sys
from exporters.core import logs
from exporters.core.http_connection import Limits
from exporters.core.http_server import serve_http
from exporters.core.server import listen

go, eaten = asyncio.Event(), []

async def application(scope, receive, send):
    body = b"ok"
    if scope["path"] == "/big":
        body = b"x" * 8_000_000
    elif scope["path"] == "/wait":
        await go.wait()
    elif scope["path"] == "/go":
        go.set()
    elif scope["path"] == "/eat":
        try:
            while True:
                eaten.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
    elif scope["path"] == "/spit":
        while eaten:
            os.close(eaten.pop())
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": body})

logs.setup()
port, descriptors, limits = int(sys.argv[1]), int(sys.argv[2]), Limits(**eval(sys.argv[3]))
resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
started = lambda: print("started", flush=True)
asyncio.run(serve_http(application, listen(f"127.0.0.1:{port}"), limits=limits, on_start=started))
"""
SHORT = {"request_seconds": 0.5, "body_seconds": 0.7, "answer_seconds": 0.7}


@dataclass(frozen=True, slots=True)
class Server:
    """The running server."""

    port: int
    log: Path
    process: psutil.Process

    def connect(self) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def listens(self) -> bool:
        """Return whether it takes new connections."""
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return False
        return True

    def get(self, path: str = "/") -> tuple[int, bytes]:
        """Return status and body over a connection of its own."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            return _get(connection, path)

    def connections(self) -> int:
        """Return how many clients are connected, as the kernel sees it."""
        return len([found for found in self.process.net_connections("tcp") if found.status == "ESTABLISHED"])


@contextmanager
def _server(folder: Path, limits: Mapping[str, object] = {}, descriptors: int = 1024) -> Iterator[Server]:
    port, log = servers.free_port(), folder / "log"
    command = [sys.executable, "-c", PROGRAM, str(port), str(descriptors), repr(dict(limits))]
    with servers.process(command, log, environment={"PYTHONPATH": str(ROOT)}) as child:
        servers.wait_until(lambda: "started" in log.read_text(), 15, "the server has started")
        yield Server(port, log, psutil.Process(child.pid))


def _get(connection: http.client.HTTPConnection, path: str = "/") -> tuple[int, bytes]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _ended(connection: socket.socket) -> bool:
    """Return whether the server has ended the connection, sending nothing (or nothing more)."""
    connection.settimeout(0.01)
    try:
        return connection.recv(65536) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def _ended_within(connection: socket.socket, seconds: float) -> bool:
    """Return whether the server ends the connection in time, without an answer."""
    connection.settimeout(seconds)
    try:
        return connection.recv(65536) == b""
    except ConnectionResetError:
        return True


HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        (b"", b""),
        (HEAD, b""),
        (HEAD + b"X-Slow: ", b"a"),
        (HEAD + b"\r\n", b"G"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"a"),
        (b"\x16\x03\x01", b""),
    ],
    ids=["silent", "half a head", "slow head", "slow second head", "slow body", "TLS to a plain port"],
)
def test_a_connection_without_a_whole_request_ends(tmp_path: Path, sent: bytes, drip: bytes) -> None:
    """However slowly the rest of it comes."""
    with _server(tmp_path, SHORT) as server, server.connect() as connection:
        connection.sendall(sent)

        def ended() -> bool:
            with contextlib.suppress(OSError):
                connection.sendall(drip)
            return _ended(connection)

        servers.wait_until(ended, 10, "the connection has ended")
        assert server.get() == (200, b"ok")


@pytest.mark.parametrize(("requests", "later"), [(1, False), (20, False), (3, True)])
def test_an_answer_nobody_reads_ends_with_its_connection(tmp_path: Path, requests: int, *, later: bool) -> None:
    """A client that does not read cannot hold a page, or several that it asked for, at once or later, for ever."""
    with _server(tmp_path, SHORT) as server, server.connect() as connection:
        connection.sendall(HEAD.replace(b"/ ", b"/big ") * 1 + b"\r\n")
        if later:
            connection.recv(1)
        for _ in range(requests - 1):
            connection.sendall(HEAD.replace(b"/ ", b"/big ") + b"\r\n")
        servers.wait_until(lambda: server.connections() == 1, 10, "it is connected")
        servers.wait_until(lambda: server.connections() == 0, 60, "it is not any more")
        assert len(server.get("/big")[1]) == 8_000_000


def test_a_client_that_reads_slowly_but_reads_gets_it_all(tmp_path: Path) -> None:
    """Time is for reading an answer; a page that is read in time arrives whole."""
    with _server(tmp_path) as server, server.connect() as connection:
        connection.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(50_000), b""))
    assert len(answer.partition(b"\r\n\r\n")[2]) == 8_000_000


def test_requests_sent_at_once_are_answered_in_order(tmp_path: Path) -> None:
    """Pipelining: three requests in one packet have three answers, also over a connection kept for long."""
    with _server(tmp_path) as server, server.connect() as connection:
        for _ in range(2):
            connection.sendall((HEAD + b"\r\n") * 3)
            answer = b""
            while answer.count(b"\r\n\r\nok") < 3:
                answer += connection.recv(65536)
            assert answer.count(b"HTTP/1.1 200 OK") == 3
            assert answer.count(b"date: ") == 3


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"POST /wait HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx",
    ],
    ids=["head", "body"],
)
def test_what_is_not_http_is_refused(tmp_path: Path, sent: bytes) -> None:
    """A malformed head or body has the answer 400, and ends the connection."""
    with _server(tmp_path) as server, server.connect() as connection:
        connection.sendall(sent + b"\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert server.get() == (200, b"ok")


def test_a_client_that_has_finished_sending_still_gets_its_answer(tmp_path: Path) -> None:
    """Half a connection is enough: `printf … | nc` closes its side at once."""
    with _server(tmp_path) as server, server.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert server.get("/go") == (200, b"ok")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.endswith(b"\r\n\r\nok")
        servers.wait_until(lambda: server.connections() == 0, 10, "the connection is gone")


def test_connections_that_say_nothing_close_the_port_to_nobody(tmp_path: Path) -> None:
    """They make room: new clients are served, and a client that was here before keeps its connection."""
    with _server(tmp_path, {"connections": 40}) as server, contextlib.ExitStack() as stack:
        known = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        stack.callback(known.close)
        assert _get(known) == (200, b"ok")
        address = known.sock.getsockname()
        for _ in range(200):
            stack.enter_context(server.connect())
        assert server.get() == (200, b"ok")
        assert _get(known) == (200, b"ok")
        assert known.sock.getsockname() == address
        servers.wait_until(lambda: server.connections() <= 40, 10, "there are not more than allowed")


def test_only_requests_in_progress_count_towards_the_limit(tmp_path: Path) -> None:
    """A newcomer over the limit gets 503 at once, a known client its answer; afterwards all is as before."""
    with _server(tmp_path, {"requests": 5}) as server, contextlib.ExitStack() as stack:
        known = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        stack.callback(known.close)
        assert _get(known) == (200, b"ok")
        waiting = [stack.enter_context(server.connect()) for _ in range(5)]
        for connection in waiting:
            connection.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        servers.wait_until(lambda: server.get()[0] == 503, 10, "newcomers are refused")
        assert _get(known) == (200, b"ok")
        assert _get(known, "/go") == (200, b"ok")
        for connection in waiting:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
        servers.wait_until(lambda: server.get()[0] == 200, 10, "newcomers are served")


@pytest.mark.long
def test_a_lack_of_descriptors_is_one_line_in_the_log_and_passes(tmp_path: Path) -> None:
    """It is logged when it begins and when it is over; who was connected is served all the time."""
    with _server(tmp_path, descriptors=64) as server, contextlib.ExitStack() as stack:
        known = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        stack.callback(known.close)
        assert _get(known, "/eat") == (200, b"ok")
        for _ in range(10):
            stack.enter_context(server.connect())
        servers.wait_until(lambda: "EMFILE" in server.log.read_text(), 10, "it is logged")
        before = time.monotonic()
        servers.wait_until(lambda: time.monotonic() > before + 2.5, 10, "it has tried again")
        assert _get(known, "/spit") == (200, b"ok")

        def accepting() -> bool:
            assert server.get() == (200, b"ok")
            return "accepting connections" in server.log.read_text().partition("cannot accept connections")[2]

        servers.wait_until(accepting, 15, "it is over")
        lines = [line.split("server=http ")[1] for line in server.log.read_text().splitlines() if "server=" in line]
    assert lines == [
        "state=cannot accept connections (EMFILE: out of file descriptors)",
        "state=accepting connections",
    ]


def test_half_of_the_descriptors_stay_free_whatever_the_clients_do(tmp_path: Path) -> None:
    """With 64 descriptors in all, 200 connections take at most 32."""
    with _server(tmp_path, descriptors=64) as server, contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(server.connect())
        assert server.get() == (200, b"ok")
        servers.wait_until(lambda: server.connections() <= 32, 10, "the limit holds")
        assert "EMFILE" not in server.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_right_after_the_start_ends_it(tmp_path: Path, number: int) -> None:
    """From the line that says it has started, each signal ends the server, with exit code 0."""
    port = servers.free_port()
    command = [sys.executable, "-c", PROGRAM, str(port), "1024", "{}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"started\n"
        child.send_signal(number)
        assert child.wait(10) == 0


def test_the_end_waits_for_answers_in_progress_but_not_for_ever(tmp_path: Path) -> None:
    """After the signal an answer is still read to its end; a request that has no answer two seconds later has none."""
    with _server(tmp_path) as server, server.connect() as reading, server.connect() as waiting:
        waiting.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        reading.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = reading.recv(1)
        server.process.send_signal(signal.SIGTERM)
        servers.wait_until(lambda: not server.listens(), 10, "it takes no new connection")
        answer += b"".join(iter(lambda: reading.recv(1_000_000), b""))
        assert len(answer.partition(b"\r\n\r\n")[2]) == 8_000_000
        assert _ended_within(waiting, 10)
        servers.wait_until(
            lambda: not server.process.is_running() or server.process.status() == "zombie", 10, "it ends"
        )


def test_a_server_that_nobody_asks_does_not_wake_up(tmp_path: Path) -> None:
    """Without a request it neither uses the processor nor leaves its wait, for as long as we look."""

    def switches(process: psutil.Process) -> int:
        return process.num_ctx_switches().voluntary

    with _server(tmp_path) as server:
        quiet: Sequence[int] = []
        assert server.get() == (200, b"ok")
        before, since = switches(server.process), time.monotonic()
        servers.wait_until(lambda: time.monotonic() > since + 2, 10, "two seconds have passed")
        quiet = [switches(server.process) - before]
        assert quiet[0] <= 2
