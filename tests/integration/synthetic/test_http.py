"""Checks over HTTP against servers that behave and misbehave."""

from __future__ import annotations

import re
import socket
import struct
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from exporters.core.checks.probe_run import Result
from exporters.core.errors import ErrorClass
from tests.support.peers import Certificates, Check, Handler, Listen, TlsWeb, Web, read_head
from tests.support.servers import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def until_client_leaves(connection: socket.socket) -> None:
    """Wait without a word."""
    read_head(connection)
    connection.recv(1)


def drip(connection: socket.socket, text: bytes) -> None:
    """Send a byte again and again, so that no single read waits long, until the client leaves."""
    read_head(connection)
    connection.sendall(text)
    while not Event().wait(0.05):
        connection.sendall(b"x")


def reset(connection: socket.socket) -> None:
    """Answer with a TCP reset."""
    read_head(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def gauge(result: Result, name: str, *labels: str) -> float | None:
    """Return what the run saw under this name."""
    return result.gauges.get((name, labels))


def test_good_answer_passes_with_every_phase(check: Check, web: Web) -> None:
    """A 200 passes; status, length, version and the time of each phase are seen."""
    result = check(kind="http", url=f"http://127.0.0.1:{web(OK)}/", expect_body="^hel+o$")
    assert result.error_class is None
    assert gauge(result, "probe_http_status_code") == 200
    assert gauge(result, "probe_http_content_length") == 5
    assert gauge(result, "probe_http_uncompressed_body_length") == 5
    assert gauge(result, "probe_http_version") == 1.1
    assert gauge(result, "probe_http_ssl") == 0
    assert gauge(result, "probe_failed_due_to_regex") == 0
    assert gauge(result, "probe_ip_protocol") == 4
    for phase in ("resolve", "connect", "processing", "transfer"):
        assert (gauge(result, "probe_http_duration_seconds", phase) or 0) > 0, phase
    assert gauge(result, "probe_http_duration_seconds", "tls") == 0


@pytest.mark.parametrize(
    ("status", "error_class"),
    [(404, ErrorClass.PROTOCOL), (503, ErrorClass.PROTOCOL), (401, ErrorClass.AUTH), (403, ErrorClass.PERMISSION)],
)
def test_unexpected_status(check: Check, web: Web, status: int, error_class: ErrorClass) -> None:
    """A status not expected fails and is shown; 401 and 403 have classes of their own."""
    port = web(b"HTTP/1.1 %d Bad\r\nContent-Length: 0\r\n\r\n" % status)
    result = check(kind="http", url=f"http://127.0.0.1:{port}/")
    assert result.error_class is error_class
    assert gauge(result, "probe_http_status_code") == status
    assert gauge(result, "probe_failed_due_to_regex") == 0
    assert check(kind="http", url=f"http://127.0.0.1:{port}/", expect_status=[status]).error_class is None


def test_body_that_does_not_match(check: Check, web: Web) -> None:
    """A body that does not match fails as protocol, told from a wrong status by probe_failed_due_to_regex."""
    result = check(kind="http", url=f"http://127.0.0.1:{web(OK)}/", expect_body="goodbye")
    assert (result.error_class, gauge(result, "probe_failed_due_to_regex")) == (ErrorClass.PROTOCOL, 1)


def test_nobody_listens(check: Check) -> None:
    """A closed port is refused, and what was not seen has no sample."""
    result = check(kind="http", url=f"http://127.0.0.1:{free_port()}/")
    assert result.error_class is ErrorClass.REFUSED
    assert gauge(result, "probe_http_status_code") is None


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'a' * 64}.invalid"])
def test_unknown_host(check: Check, host: str) -> None:
    """A name that does not resolve, or is none, is dns."""
    assert check(kind="http", url=f"http://{host}/").error_class is ErrorClass.DNS


@pytest.mark.parametrize(
    "handler",
    [
        until_client_leaves,
        lambda connection: drip(connection, b""),
        lambda connection: drip(connection, b"HTTP/1.1 200 OK\r\nX-Slow: "),
        lambda connection: drip(connection, b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=["silent", "status", "header", "body"],
)
def test_slow_answer_times_out(check: Check, listen: Listen, handler: Handler) -> None:
    """An answer that does not end in time is a timeout, wherever it is slow, though bytes keep coming."""
    result = check(kind="http", url=f"http://127.0.0.1:{listen(handler)}/", timeout_seconds=0.5)
    assert result.error_class is ErrorClass.TIMEOUT


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ntoo short",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    ],
    ids=["garbage", "nothing", "short", "chunks"],
)
def test_broken_answer(check: Check, web: Web, answer: bytes) -> None:
    """An answer that is no well-formed HTTP is protocol."""
    result = check(kind="http", url=f"http://127.0.0.1:{web(answer)}/")
    assert result.error_class is ErrorClass.PROTOCOL


def test_reset(check: Check, listen: Listen) -> None:
    """A connection reset by the peer is protocol: somebody listened."""
    assert check(kind="http", url=f"http://127.0.0.1:{listen(reset)}/").error_class is ErrorClass.PROTOCOL


def test_chunked_answer(check: Check, web: Web) -> None:
    """A chunked body is put together; its length was not announced."""
    port = web(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
    result = check(kind="http", url=f"http://127.0.0.1:{port}/", expect_body="^hello$")
    assert (result.error_class, gauge(result, "probe_http_content_length")) == (None, -1)
    assert gauge(result, "probe_http_uncompressed_body_length") == 5


def test_huge_body_is_read_to_the_cap(check: Check, listen: Listen) -> None:
    """Of a body without end one MiB is read, and the check passes."""

    def endless(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    result = check(kind="http", url=f"http://127.0.0.1:{listen(endless)}/", timeout_seconds=5)
    assert (result.error_class, gauge(result, "probe_http_uncompressed_body_length")) == (None, 1024 * 1024)


def test_redirect_loop(check: Check, web: Web) -> None:
    """Redirects without end stop at ten and fail as protocol."""
    port = web(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
    result = check(kind="http", url=f"http://127.0.0.1:{port}/")
    assert (result.error_class, gauge(result, "probe_http_redirects")) == (ErrorClass.PROTOCOL, 10)
    result = check(kind="http", url=f"http://127.0.0.1:{port}/", follow_redirects=False)
    assert (result.error_class, gauge(result, "probe_http_status_code")) == (None, 302)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://", "http://[", "http://a:99999/"])
def test_redirect_to_nowhere(check: Check, web: Web, location: str) -> None:
    """A redirect to something that is no HTTP address is protocol."""
    port = web(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
    assert check(kind="http", url=f"http://127.0.0.1:{port}/").error_class is ErrorClass.PROTOCOL


def test_secrets_stay_at_home(check: Check, listen: Listen, tmp_path: Path) -> None:
    """Headers, body and credentials go to the address in the settings, not to the one it redirects to."""
    seen: list[str] = []

    def elsewhere(connection: socket.socket) -> None:
        seen.append(read_head(connection))
        connection.sendall(OK)

    port = listen(elsewhere)

    def redirecting(connection: socket.socket) -> None:
        seen.append(read_head(connection))
        connection.sendall(
            f"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:{port}/b\r\nContent-Length: 0\r\n\r\n".encode()
        )

    (tmp_path / "password").write_text("s3cr3t\n")
    settings: dict[str, Any] = {
        "method": "POST", "body": "a=1", "headers": {"X-Token": "t0ken"}, "username": "me", "password_file": "password",
    }  # fmt: skip
    result = check(kind="http", url=f"http://127.0.0.1:{listen(redirecting)}/a?q=1", **settings)
    assert (result.error_class, gauge(result, "probe_http_redirects")) == (None, 1)
    first, second = seen
    assert first.startswith("POST /a?q=1 HTTP/1.1\r\n")
    assert "X-Token: t0ken\r\n" in first
    assert "Authorization: Basic bWU6czNjcjN0\r\n" in first  # me:s3cr3t
    assert second.startswith("GET /b HTTP/1.1\r\n")
    assert not re.search("t0ken|Authorization|a=1", second)
    assert "s3cr3t" not in repr(result)


def test_head_reads_no_body(check: Check, web: Web) -> None:
    """HEAD passes without the body that its answer announces."""
    port = web(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    result = check(kind="http", url=f"http://127.0.0.1:{port}/", method="HEAD")
    assert (result.error_class, gauge(result, "probe_http_status_code")) == (None, 200)


def test_https(check: Check, tls_web: TlsWeb, certificates: Certificates) -> None:
    """HTTPS passes with the CA given, shows expiry and TLS version, and fails as tls without it."""
    url = f"https://127.0.0.1:{tls_web('good')}/"
    result = check(kind="http", url=url, ca_file=certificates.ca, expect_body="hello")
    assert result.error_class is None
    assert gauge(result, "probe_http_ssl") == 1
    assert gauge(result, "probe_ssl_earliest_cert_expiry") == certificates.ends("good")
    assert gauge(result, "probe_tls_version_info", "TLS 1.3") == 1
    assert (gauge(result, "probe_http_duration_seconds", "tls") or 0) > 0
    assert check(kind="http", url=url).error_class is ErrorClass.TLS
    assert check(kind="http", url=url, tls_verify=False).error_class is None


def test_no_answer_is_a_defect_of_ours(check: Check, listen: Listen) -> None:
    """Whatever a peer answers, in 150 spoilt answers: no run ends as internal."""
    random = Random(1)
    answers = [OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"]
    spoilt = OK

    def handle(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(spoilt)

    port = listen(handle)
    for _ in range(150):
        answer = bytearray(random.choice(answers))
        at = random.randrange(len(answer))
        answer[at : at + random.randrange(4)] = random.choices(b"0-+: \r\n\x00\xff[", k=random.randrange(6))
        spoilt = bytes(answer)
        result = check(kind="http", url=f"http://127.0.0.1:{port}/", timeout_seconds=0.5)
        assert result.error_class in {None, ErrorClass.PROTOCOL, ErrorClass.TIMEOUT}, spoilt
