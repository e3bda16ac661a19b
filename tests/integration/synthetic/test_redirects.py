"""Redirects: what goes along to where, and how it is asked there."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from exporters.core.errors import ErrorClass
from tests.support.peers import Certificates, Check, Listen, make_certificate, read_head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SECRETS = ("Authorization: Bearer t0ken\r\n", "X-Key: k3y\r\n")

# Where the first address leads, given its port, and the status → the request heads of both ways, the redirect's port.
Redirect = Callable[[str, int], tuple[list[str], int]]


@pytest.fixture
def redirect(listen: Listen) -> Redirect:
    """Serve `/` with a redirect and everything else with 200, on the same port."""

    def start(location: str, status: int) -> tuple[list[str], int]:
        seen: list[str] = []
        port = 0

        def handle(connection: socket.socket) -> None:
            seen.append(read_head(connection))
            if " / " not in seen[-1]:
                connection.sendall(OK)
                return
            where = location.replace("PORT", str(port))
            head = f"HTTP/1.1 {status} Go\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())

        port = listen(handle)
        return seen, port

    return start


def settings(tmp_path: Path, **more: object) -> dict[str, object]:
    """Return a check with every kind of secret."""
    (tmp_path / "token").write_text("t0ken\n")
    return {"kind": "http", "headers": {"X-Key": "k3y"}, "bearer_token_file": "token", **more}


@pytest.mark.parametrize("location", ["/b", "http://LOCALHOST:PORT/b", "//localhost:PORT/b", "b#part", "/b?c=%20"])
def test_secrets_go_along_within_the_origin(check: Check, redirect: Redirect, tmp_path: Path, location: str) -> None:
    """Headers and credentials go along to the same origin, however it is written."""
    seen, port = redirect(location, 302)
    result = check(url=f"http://localhost:{port}/", **settings(tmp_path))
    assert result.error_class is None
    assert seen[1].startswith("GET /b")
    assert "#" not in seen[1].splitlines()[0]
    assert all(secret in head for head in seen for secret in SECRETS)


def test_secrets_do_not_go_to_another_host(check: Check, redirect: Redirect, tmp_path: Path) -> None:
    """Another name for the same machine is another origin: it is asked without headers and credentials."""
    seen, port = redirect("http://127.0.0.1:PORT/b", 302)
    assert check(url=f"http://localhost:{port}/", **settings(tmp_path)).error_class is None
    assert not any(secret in seen[1] for secret in SECRETS)


def test_secrets_do_not_come_back(check: Check, listen: Listen, tmp_path: Path) -> None:
    """What was left behind at another origin stays so, though that leads back."""
    seen: list[str] = []
    ports: list[int] = []

    def home(connection: socket.socket) -> None:
        seen.append(read_head(connection))
        away = f"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:{ports[1]}/\r\nContent-Length: 0\r\n\r\n".encode()
        connection.sendall(OK if " /back " in seen[-1] else away)

    def away(connection: socket.socket) -> None:
        read_head(connection)
        head = f"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:{ports[0]}/back\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())

    ports += [listen(home), listen(away)]
    assert check(url=f"http://127.0.0.1:{ports[0]}/", **settings(tmp_path)).error_class is None
    assert [all(secret in head for secret in SECRETS) for head in seen] == [True, False]


def test_secrets_do_not_go_from_https_to_http(
    check: Check, listen: Listen, certificates: Certificates, tmp_path: Path
) -> None:
    """The way down from https to http is another origin, on the same host too."""
    seen: list[str] = []

    def plain(connection: socket.socket) -> None:
        seen.append(read_head(connection))
        connection.sendall(OK)

    port = listen(plain)
    context = certificates.server("good")

    def secure(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            seen.append(read_head(wrapped))
            wrapped.sendall(f"HTTP/1.1 301 Go\r\nLocation: http://127.0.0.1:{port}/\r\n\r\n".encode())

    url = f"https://127.0.0.1:{listen(secure)}/"
    assert check(url=url, ca_file=certificates.ca, **settings(tmp_path)).error_class is None
    assert [all(secret in head for secret in SECRETS) for head in seen] == [True, False]


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (302, "HEAD", "HEAD"),
        (303, "HEAD", "HEAD"),
        (308, "GET", "GET"),
    ],
)
def test_method_and_body(check: Check, redirect: Redirect, status: int, method: str, then: str) -> None:
    """307 and 308 keep method and body; after the others a POST is a GET without what spoke of its body."""
    seen, port = redirect("/b", status)
    sent = {"body": "a=1", "headers": {"Content-Type": "text/plain"}} if method == "POST" else {}
    assert check(kind="http", url=f"http://127.0.0.1:{port}/", method=method, **sent).error_class is None
    assert seen[1].startswith(f"{then} /b HTTP/1.1\r\n")
    kept = then == "POST"
    assert ("a=1" in seen[1], "Content-Type" in seen[1]) == (kept, kept)


def test_body_does_not_go_to_another_origin(check: Check, redirect: Redirect) -> None:
    """A redirect that would have the body sent to another origin fails, and says so: no other request is like it."""
    seen, port = redirect("http://127.0.0.1:PORT/b", 307)
    result = check(kind="http", url=f"http://localhost:{port}/", method="POST", body="a=1")
    assert result.error_class is ErrorClass.PROTOCOL
    assert result.detail == "redirect 307 to another origin, where the body must not be sent"
    assert len(seen) == 1


def test_final_dot(listen: Listen, tmp_path: Path) -> None:
    """A host with its final dot is asked for without it over TLS, with it in the header Host."""
    made = Certificates(tmp_path)
    make_certificate(made, "ca", 400, "basicConstraints=critical,CA:TRUE")
    make_certificate(made, "crm", 90, "subjectAltName=DNS:crm.test", "ca")
    context = made.server("crm")
    asked: list[str | None] = []
    hosts: list[str] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    def secure(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            hosts.append(read_head(wrapped).partition("Host: ")[2].partition("\r\n")[0])
            wrapped.sendall(OK)

    port = listen(secure)
    (tmp_path / "hosts").write_text("127.0.0.1 localhost crm.test.\n")
    (tmp_path / "settings.yaml").write_text(f"""
environment: "test"
synthetic:
  checks:
    - {{name: "web", kind: "http", url: "https://crm.test.:{port}/", ca_file: "ca.pem"}}
    - {{name: "handshake", kind: "tls", address: "crm.test.:{port}", ca_file: "ca.pem"}}
    - {{name: "way", kind: "journey", ca_file: "ca.pem", steps: [{{name: "a", url: "https://crm.test.:{port}/"}}]}}
""")
    script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
    command = [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "check", "synthetic"]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(tmp_path / "hosts"), *command],
        capture_output=True, text=True, check=False, timeout=30, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    if "unshare failed" in done.stderr:
        pytest.skip("no namespace of mounts can be made here, to give this machine another name")
    assert done.returncode == 0, done.stdout + done.stderr
    assert asked == ["crm.test"] * 3
    assert hosts == [f"crm.test.:{port}"] * 2
