"""Secrets on their way: Alertmanager reads each from its file when it tells somebody; none is in its configuration."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from alertmanagers import alert, alertmanager, delays, settings_for
from servers import free_port, wait_until

_SECRETS = {"token": "t0ken-hush", "password": "pass-hush", "key": "key-hush"}


class _Sink(ThreadingHTTPServer):
    """Keeps path, authorization and document of every request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: dict[str, tuple[str, dict[str, Any]]] = {}


class _Handler(BaseHTTPRequestHandler):
    server: _Sink

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen[self.path] = (self.headers.get("Authorization", ""), body)
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def _sink() -> Iterator[_Sink]:
    with _Sink() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_every_kind_of_secret_is_read_from_its_file(tmp_path: Path) -> None:
    """Token, password, PagerDuty's key and Slack's address arrive; a changed file counts from the next message on."""
    with _sink() as sink:
        base = f"http://127.0.0.1:{sink.server_port}"
        for name, text in {**_SECRETS, "slack": f"{base}/services/hush"}.items():
            (tmp_path / name).write_text(text)

        def change(section: dict[str, Any]) -> None:
            delays(section, {"critical": ("1s", "1s", "10m")})
            on_call, second, *_ = section["contacts"]
            on_call["slack"] = {"channel": "#crm", "url_file": str(tmp_path / "slack")}
            on_call["webhook"] = {"url": f"{base}/token", "token_file": str(tmp_path / "token")}
            second["webhook"] = {"url": f"{base}/login", "user": "pw", "password_file": str(tmp_path / "password")}
            second["pagerduty"] = {"url": f"{base}/enqueue", "key_file": str(tmp_path / "key")}

        with alertmanager(tmp_path / "am", settings_for(sink.server_port, free_port(), change)) as server:
            server.send(alert("CrmTried", "critical", target="secrets"))
            wait_until(lambda: {"/token", "/login", "/enqueue", "/services/hush"} <= sink.seen.keys(), 60, "all four")
            assert sink.seen["/token"][0] == "Bearer t0ken-hush"
            assert sink.seen["/login"][0] == f"Basic {base64.b64encode(b'pw:pass-hush').decode()}"
            event = sink.seen["/enqueue"][1]
            assert event["routing_key"] == "key-hush"
            assert event["payload"]["severity"] == "critical"
            assert event["payload"]["summary"].startswith("[CRITICAL] secrets: 5% are bad")
            assert event["payload"]["custom_details"]["text"].count("First step: ") == 1
            assert sink.seen["/services/hush"][1]["attachments"][0]["title"].startswith("[CRITICAL] secrets")
            (tmp_path / "token").write_text("new-hush")
            server.send(alert("CrmTried", "critical", target="afterwards"))
            wait_until(lambda: sink.seen["/token"][0] == "Bearer new-hush", 60, "the new token")
            shown = requests.get(f"http://127.0.0.1:{server.port}/api/v2/status", timeout=10).text
            assert "hush" not in shown
            assert "hush" not in (tmp_path / "am/alertmanager.yml").read_text()
