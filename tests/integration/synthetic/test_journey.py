"""The journey check against a small API that knows who is logged in and what was written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from exporters.core.checks.probe_run import Result
from exporters.core.errors import ErrorClass
from tests.support import exporter
from tests.support.peers import Check, Web

PASSWORD = 's3cr3t "{q}"&\\'
TOKEN = "t0ken+/=&"
RECORD = "a b/ü&?"
SUCCESS, SECONDS = "pantrywatch_check_step_success", "pantrywatch_check_step_duration_seconds"


@dataclass(slots=True)
class Api:
    """Where the API listens, what it answers to a log-in, and what was asked of it."""

    port: int = 0
    login: bytes = json.dumps({"data": {"token": TOKEN, "level": 3}}).encode()
    pause_seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: str, authorization: str | None, body: bytes) -> tuple[int, bytes]:
        """Return status and body."""
        if request == "POST /login":
            self.asked.append(body.decode())
            right = _login_fields(body)["password"] == PASSWORD
            return (200, self.login) if right else (401, b'{"token": "no s3cr3t"}')
        if authorization != f"Bearer {TOKEN}":
            return 401, b"{}"
        self.asked.append(request)
        time.sleep(self.pause_seconds)
        if request.startswith("GET"):
            return 200, json.dumps({"items": [{"id": RECORD}]}).encode()
        self.written.append(json.loads(body))
        return 201, b"{}"


def _login_fields(body: bytes) -> dict[str, str]:
    if body.startswith(b"{"):
        fields: dict[str, str] = json.loads(body)
        return fields
    return {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}


@pytest.fixture
def api() -> Iterator[Api]:
    """Serve the API."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, text = api.answer(f"{self.command} {self.path}", self.headers.get("Authorization"), body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _reply  # noqa: N815 - names of the standard library

        def log_message(self, *_arguments: object) -> None:
            pass

        def log_error(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield api
        server.shutdown()
        thread.join(5)


def steps(api: Api) -> list[dict[str, Any]]:
    """Return log in, read, write."""
    bearer = {"Authorization": "Bearer <<token>>"}
    return [
        {
            "name": "log-in",
            "method": "POST",
            "url": f"{api.url}/login",
            "body": '{"user": "me", "password": "<<password>>"}',
            "save": {"token": "data.token", "level": "data.level"},
        },
        {"name": "read", "url": f"{api.url}/records?level=<<level>>", "headers": bearer, "save": {"id": "items.0.id"}},
        {
            "name": "write",
            "method": "POST",
            "url": f"{api.url}/records/<<id>>",
            "headers": bearer,
            "body": '{"of": {"id": "<<id>>"}, "level": <<level>>, "text": "<token>"}',
            "expect_status": [201],
        },
    ]


@pytest.fixture
def password_file(tmp_path: Path) -> dict[str, str]:
    """The secrets of a journey."""
    (tmp_path / "password").write_text(PASSWORD + "\n")
    return {"password": "password"}


def step_states(result: Result) -> dict[str, float]:
    """Return step → success, of the steps that have one; each of these has a duration too."""
    states = {labels[0]: value for (name, labels), value in result.gauges.items() if name == SUCCESS}
    assert {labels[0] for name, labels in result.gauges if name == SECONDS} == states.keys()
    return states


def test_journey_passes(check: Check, api: Api, password_file: dict[str, str]) -> None:
    """Secrets and saved values reach the url, headers and body of later steps, whatever characters are in them."""
    result = check(kind="journey", steps=steps(api), secret_files=password_file)
    assert (result.error_class, result.detail) == (None, "")
    assert step_states(result) == {"log-in": 1, "read": 1, "write": 1}
    assert api.asked[1:] == ["GET /records?level=3", "POST /records/a%20b%2F%C3%BC%26%3F"]
    assert api.written == [{"of": {"id": RECORD}, "level": 3, "text": "<token>"}]


def test_a_form_is_encoded_as_one(check: Check, api: Api, password_file: dict[str, str]) -> None:
    """In a form a value is percent-encoded."""
    form = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": "user=me&password=<<password>>"}
    result = check(kind="journey", steps=[steps(api)[0] | form], secret_files=password_file)
    assert result.error_class is None, (result.detail, api.asked)


def test_wrong_password(check: Check, api: Api, tmp_path: Path) -> None:
    """A log-in that is refused is auth at its step; what was not reached has no sample."""
    (tmp_path / "password").write_text("wr0ng")
    result = check(kind="journey", steps=steps(api), secret_files={"password": "password"})
    assert (result.error_class, result.detail) == (ErrorClass.AUTH, "step log-in: status 401")
    assert step_states(result) == {"log-in": 0}
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b'{"data": {}}', "step log-in: nothing at data.token in the answer"),
        (b'["s3cr3t"]', "step log-in: nothing at data.token in the answer"),
        (b"s3cr3t", "step log-in: the answer is not JSON"),
        (b"[" * 100_000, "step log-in: the answer is not JSON"),
        (b'{"data": {"token": null}}', "step log-in: no plain value at data.token in the answer"),
        (b'{"data": {"token": ["s3cr3t"]}}', "step log-in: no plain value at data.token in the answer"),
        (b'{"data": {"token": "a\\r\\nX-Evil: s3cr3t"}}', "step log-in: no plain value at data.token in the answer"),
        (b'{"data": {"token": "\\ud800"}}', "step log-in: no plain value at data.token in the answer"),
        ('{"data": {"token": "ü", "level": 3}}'.encode(), "step read: a value that is not allowed in a header"),
    ],
)
def test_what_cannot_be_saved(
    check: Check, api: Api, password_file: dict[str, str], answer: bytes, detail: str
) -> None:
    """An answer without the value to save, or with one that cannot be sent on, is protocol, and is not shown."""
    api.login = answer
    result = check(kind="journey", steps=steps(api), secret_files=password_file)
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, detail)
    assert "write" not in step_states(result)


def test_one_deadline_over_all_steps(check: Check, api: Api, password_file: dict[str, str]) -> None:
    """Steps that are quick enough one by one, but not together, are a timeout at the step under way."""
    api.pause_seconds = 0.4
    result = check(kind="journey", steps=steps(api), secret_files=password_file, timeout_seconds=0.7)
    assert (result.error_class, result.detail) == (ErrorClass.TIMEOUT, "step write: no answer in time")
    assert step_states(result) == {"log-in": 1, "read": 1, "write": 0}


def test_a_redirect_is_not_followed(check: Check, web: Web) -> None:
    """A redirect, as to the log-in page, does not pass unless it is expected."""
    port = web(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")
    step = {"name": "one", "url": f"http://127.0.0.1:{port}/"}
    assert check(kind="journey", steps=[step]).detail == "step one: status 302"
    assert check(kind="journey", steps=[step | {"expect_status": [302]}]).error_class is None


def test_garbage_is_not_shown(check: Check, web: Web) -> None:
    """An answer that is no HTTP is protocol, and nothing of it is shown."""
    result = check(kind="journey", steps=[{"name": "one", "url": f"http://127.0.0.1:{web(b's3cr3t here')}/"}])
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, "step one: the answer is not HTTP/1")


def test_check_command(tmp_path: Path, api: Api, password_file: dict[str, str]) -> None:
    """`check NAME` shows the steps as metrics and says which failed and why; no secret and no answer is shown."""
    journey = {"name": "crm", "kind": "journey", "steps": steps(api), "secret_files": password_file}
    (tmp_path / "settings.yaml").write_text(json.dumps({"environment": "test", "synthetic": {"checks": [journey]}}))

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "check", "crm"]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=exporter.ROOT)

    good = run()
    api.login = b'{"data": {"token": "t0ken", "level": 3}}'
    bad = run()
    assert (good.returncode, bad.returncode) == (0, 1), good.stdout + bad.stdout
    assert re.search(r"FAILED auth: step read: status 401 \(phases: resolve", bad.stdout), bad.stdout
    page = exporter.page(bad.stdout)
    samples = {labels["step"]: (labels, value) for labels, value in page.samples(SUCCESS)}
    common = {"check": "crm", "kind": "journey", "target": ""}
    assert samples == {"log-in": ({**common, "step": "log-in"}, 1), "read": ({**common, "step": "read"}, 0)}
    assert not [word for word in ("s3cr3t", "t0ken", "a b") if word in good.stdout + bad.stdout + bad.stderr]
