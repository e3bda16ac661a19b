"""Peers that behave and misbehave, certificates, and a way to run one check now."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exporters.core.checks.check import Entry
from exporters.core.checks.probe_run import ProbeRun, Result
from exporters.core.deadline import Deadline
from exporters.core.settings import decode
from exporters.synthetic.kinds import KINDS
from exporters.synthetic.settings import SyntheticSettings
from tests.support.peers import (
    Certificates,
    Check,
    Handler,
    Listen,
    accept,
    answer_tcp,
    answer_udp,
    make_certificate,
    read_head,
)
from tests.support.servers import wait_until


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run a check with these settings now; its timeout is 2 s unless given."""

    def run(**settings: Any) -> Result:
        # Addresses with passwords stand in the environment, as an operator must have them.
        secret = {field.upper(): settings[field] for field in ("dsn", "url") if field in settings}
        entry = {
            "name": "one",
            "timeout_seconds": 2,
            **settings,
            **{field.lower(): f"${{{field}}}" for field in secret},
        }
        parsed = decode({"checks": [entry]}, SyntheticSettings, "settings.yaml", secret).checks[0]
        probe = KINDS[parsed.kind](parsed, Entry(str(tmp_path / "settings.yaml"), "synthetic.checks[0]"))
        attempt = ProbeRun("one", probe, Deadline.after(parsed.timeout_seconds))
        result = attempt.result()
        assert result.seconds <= parsed.timeout_seconds + 1, "a run ends at its deadline"
        wait_until(lambda: not attempt.stuck(), 2.5, "its thread is not left behind")
        return result

    return run


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Serve every connection with a handler, in a thread, on the port this gives back."""
    with contextlib.ExitStack() as servers:

        def start(handler: Handler) -> int:
            server = servers.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=accept, args=(server, handler), daemon=True)
            thread.start()
            servers.callback(thread.join, 5)
            servers.callback(server.shutdown, socket.SHUT_RDWR)
            return int(server.getsockname()[1])

        yield start


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """good, expired, elsewhere (for another host), self (signed by itself), chain (its intermediate ends first)."""
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    here = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    make_certificate(made, "ca", 400, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "intermediate", 20, "basicConstraints=critical,CA:TRUE", "ca")
    make_certificate(made, "good", 90, here, "ca")
    make_certificate(made, "expired", -1, here, "ca")
    make_certificate(made, "elsewhere", 90, "subjectAltName=DNS:elsewhere.test", "ca")
    make_certificate(made, "self", 90, here)
    make_certificate(made, "chain", 90, here, "intermediate")
    chain = made.directory / "chain.pem"
    chain.write_text(chain.read_text() + (made.directory / "intermediate.pem").read_text())
    return made


@pytest.fixture
def web(listen: Listen) -> Callable[[bytes], int]:
    """Serve one answer, as it stands, to every HTTP request."""

    def start(answer: bytes) -> int:
        def handle(connection: socket.socket) -> None:
            read_head(connection)
            connection.sendall(answer)

        return listen(handle)

    return start


@pytest.fixture
def tls_web(listen: Listen, certificates: Certificates) -> Callable[[str], int]:
    """Serve `hello` over HTTPS with the named certificate."""

    def start(name: str) -> int:
        context = certificates.server(name)

        def handle(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secure:
                read_head(secure)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

        return listen(handle)

    return start


@pytest.fixture
def name_server() -> Iterator[int]:
    """A name server on UDP and TCP: what it does depends on the name it is asked for."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))
        threads = [
            threading.Thread(target=answer_udp, args=(udp,), daemon=True),
            threading.Thread(target=accept, args=(tcp, answer_tcp), daemon=True),
        ]
        for thread in threads:
            thread.start()
        yield port
        tcp.shutdown(socket.SHUT_RDWR)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", port))
        for thread in threads:
            thread.join(5)
