"""Secrets on their way: Alertmanager reads each from its file when it tells somebody; none is in its configuration."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.support.alertmanagers import alert, alertmanager, delays, settings_for
from tests.support.servers import free_port, wait_until

_SECRETS = {"token": "t0ken-hush", "password": "pass-hush", "key": "key-hush", "genie": "genie-hush"}


_PATHS = {"/token", "/login", "/enqueue", "/v2/alerts", "/services/hush"}


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
    """Token, password, the keys of PagerDuty and Opsgenie and Slack's address arrive; a changed file counts at once."""
    with _sink() as sink:
        base = f"http://127.0.0.1:{sink.server_port}"
        for name, text in {**_SECRETS, "slack": f"{base}/services/hush"}.items():
            # Alertmanager 0.25 would send a line break after Opsgenie's key: `up` and `build` refuse it.
            (tmp_path / name).write_text(text + ("" if name == "genie" else "\n"))

        def change(section: dict[str, Any]) -> None:
            delays(section, {"critical": ("1s", "1s", "10m")})
            on_call, second, *_ = section["contacts"]
            on_call["slack"] = {"channel": "#crm", "url_file": str(tmp_path / "slack")}
            on_call["webhook"] = {"url": f"{base}/token", "token_file": str(tmp_path / "token")}
            second["webhook"] = {"url": f"{base}/login", "user": "pw", "password_file": str(tmp_path / "password")}
            second["pagerduty"] = {"url": f"{base}/enqueue", "key_file": str(tmp_path / "key")}
            second["opsgenie"] = {"url": f"{base}/", "key_file": str(tmp_path / "genie")}

        with alertmanager(tmp_path / "am", settings_for(sink.server_port, free_port(), change)) as server:
            server.send(alert("CrmTried", "critical", target="secrets"))
            wait_until(lambda: sink.seen.keys() >= _PATHS, 60, "all of them")
            assert sink.seen["/v2/alerts"][0] == "GenieKey genie-hush"
            assert sink.seen["/v2/alerts"][1]["priority"] == "P1"
            assert sink.seen["/v2/alerts"][1]["message"].startswith("[CRITICAL] secrets: 5% are bad")
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


class _Post:
    """Takes mail of those who log in; keeps what it was given."""

    def __init__(self) -> None:
        self.logins: list[tuple[bytes, bytes]] = []
        self.recipients: list[str] = []

    def log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        return AuthResult(success=True)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.recipients += envelope.rcpt_tos
        return "250 OK"


def test_mail_goes_over_tls_with_the_password_of_its_file(tmp_path: Path) -> None:
    """Where the mail server asks for a log-in, it is given after STARTTLS, to a certificate that is trusted alone."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    (tmp_path / "password").write_text("pass-hush")
    post, port = _Post(), free_port()

    def change(section: dict[str, Any]) -> None:
        delays(section, {"critical": ("1s", "10m", "20m")})
        login = {"user": "pw", "password_file": str(tmp_path / "password")}
        section["email"] = {"server": f"localhost:{port}", "sender": "pantrywatch@pantry.example", **login}

    server = Controller(
        post, "127.0.0.1", port, tls_context=context, auth_required=True, authenticator=post.log_in,
        require_starttls=True, auth_exclude_mechanism=["LOGIN"],  # its prompts are not those Alertmanager knows
    )  # fmt: skip
    server.start()
    try:
        settings = settings_for(free_port(), port, change)
        with alertmanager(tmp_path / "strange", settings) as distrustful:
            distrustful.send(alert("CrmTried", "critical", target="secrets"))
            failed = "alertmanager_notification_requests_failed_total"
            wait_until(lambda: distrustful.metric(failed, integration="email") > 0, 60, "a certificate is refused")
        assert (post.logins, post.recipients) == ([], [])
        trust = {"SSL_CERT_FILE": str(certificate)}
        with alertmanager(tmp_path / "am", settings, environment=trust) as trusting:
            trusting.send(alert("CrmTried", "critical", target="secrets"))
            wait_until(lambda: bool(post.recipients), 60, "the mail is taken")
    finally:
        server.stop()
    assert set(post.logins) == {(b"pw", b"pass-hush")}
    assert set(post.recipients) == {"on-call@pantry.example"}
