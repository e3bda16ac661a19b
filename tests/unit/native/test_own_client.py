"""The client of our own servers: whatever proxy or login file the environment names, they are asked directly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exporters.core.access import WebSettings
from exporters.core.settings import decode
from pantrywatch.config.notifications.settings import Notifications
from pantrywatch.heartbeat.channels import channels_of
from pantrywatch.heartbeat.message import Notice
from pantrywatch.web.client import session


class _Server(ThreadingHTTPServer):
    seen: list[tuple[str, str | None]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Keep the request line and the login."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.requestline, self.headers.get("Authorization")))
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    """A server, and an environment whose proxy leads nowhere and whose netrc has a login for it."""
    with _Server(("127.0.0.1", 0), _Handler) as made:
        made.seen = []
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def test_our_own_servers_are_asked_directly(server: _Server) -> None:
    """As `status` asks Prometheus: past the proxy, and without a login from elsewhere."""
    with session(WebSettings()) as client:
        assert client.get(f"http://127.0.0.1:{server.server_port}/healthz", timeout=10).ok
    assert server.seen == [("GET /healthz HTTP/1.1", None)]


@pytest.mark.parametrize("own", [True, False])
def test_the_heartbeat_asks_the_proxy_for_others_alone(server: _Server, *, own: bool) -> None:
    """Its webhook to one of our own services needs no proxy; one of somebody else may."""
    address = f"127.0.0.1:{server.server_port}"
    document = {
        "email": {"server": "127.0.0.1:25", "sender": "a@pantry.test", "tls": False},
        "own_addresses": [address] if own else [],
        "contacts": [{"name": "me", "webhook": {"url": f"http://{address}/hook"}}],
        "heartbeat": {"notify": ["me"]},
    }
    section = decode(document, Notifications, "settings.yaml")
    (channel,) = channels_of(section, WebSettings(), "settings.yaml")
    if own:
        channel.tell(Notice(since=1_790_000_000.0, returned=False))
        assert server.seen == [("POST /hook HTTP/1.1", None)]
    else:
        with pytest.raises(OSError, match=r"[Pp]roxy"):
            channel.tell(Notice(since=1_790_000_000.0, returned=False))
        assert server.seen == []
