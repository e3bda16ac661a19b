"""The demo's address with TLS, and the fault that lets its certificate end soon."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

import pytest
import requests

from demo.api.tls import FAULT, serve_in_background
from demo.flags import Flags
from tests.support import servers

_DAY = 86400


@pytest.fixture
def flags(tmp_path: Path) -> Flags:
    """The flags of a demo."""
    return Flags(tmp_path / "faults")


@pytest.fixture
def port(flags: Flags) -> int:
    """The port of the address, served."""
    port = servers.free_port()
    serve_in_background(("127.0.0.1", port), flags)
    return port


def _ends_within(port: int, days: int) -> bool:
    """Return whether the certificate that is sent ends within so many days, as openssl reads it."""
    certificate = ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
    command = ["openssl", "x509", "-noout", "-checkend", str(days * _DAY)]
    return subprocess.run(command, input=certificate, text=True, capture_output=True, check=False).returncode == 1


def test_the_certificate_ends_soon_while_the_fault_is_on(port: int, flags: Flags) -> None:
    """It is valid for years; with the fault for less than a week and more than a day; then for years again."""
    assert not _ends_within(port, 365)
    flags.raise_(FAULT, in_force=True)
    assert _ends_within(port, 7)
    assert not _ends_within(port, 1)
    flags.lower(FAULT)
    assert not _ends_within(port, 365)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_it_answers_while_another_client_never_ends_its_handshake(port: int) -> None:
    """A client that sends nothing, or no TLS, keeps nobody from the page."""
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = requests.get(f"https://127.0.0.1:{port}/", verify=False, timeout=4)  # noqa: S501 - signed by itself
    assert (answer.status_code, "CRM" in answer.text) == (200, True)


def test_without_openssl_nothing_is_served(flags: Flags, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where openssl is missing the demo goes on without the address."""
    monkeypatch.setenv("PATH", str(tmp_path))
    port = servers.free_port()
    serve_in_background(("127.0.0.1", port), flags)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
