"""`./run up` with TLS and a login: who has them gets everything, who has not nothing; bad files start nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
import requests
import yaml
from playwright.sync_api import Error as BrowserError

from demo.gameday.stack import Stack as GameDayStack
from tests.e2e import stack as stacks
from tests.support import guards, servers
from tests.support.exporter import ROOT
from tests.support.servers import wait_until
from tools.chromium import browser_page

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.long]

_GUARDED = {
    "exporters": "/metrics/self",
    "prometheus": "/api/v1/status/buildinfo",
    "alertmanager": "/api/v2/status",
    "inbox": "/api/messages",
    "heartbeat": "/metrics",
    "scheduler": "/metrics",
    "boards": "/api/boards",
}
_SETTINGS = "environment: test\nhost: {name: here}\n" + guards.WEB
_NOTIFICATIONS = yaml.safe_load((ROOT / "settings.yaml").read_text())["notifications"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.Stack]:
    """A stack that watches this machine, with TLS and a login in front of it."""
    folder = tmp_path_factory.mktemp("web")
    guards.make_files(folder)
    notifications = yaml.safe_dump({"notifications": _NOTIFICATIONS})
    (folder / "settings.yaml").write_text(_SETTINGS + notifications)
    settings = str(folder / "settings.yaml")
    with stacks.started(folder / "state", stacks.free_offset(), "--settings", settings) as running:
        stacks.wait_until_up(running)
        yield running


def _get(stack: stacks.Stack, component: str, login: tuple[str, str] | None, *, scheme: str = "https") -> int:
    url = f"{scheme}://{stack.addresses.address(component)}{_GUARDED[component]}"
    with guards.client(stack.state.parent) as client:
        client.auth = login
        return client.get(url, timeout=10).status_code


def test_everything_scrapes_and_tells_through_tls_and_the_login(stack: stacks.Stack) -> None:
    """Every target is up, Alertmanager has Prometheus' alerts; `status` and the boards get in too."""
    status = stack.run("status")
    assert status.returncode == 0, status.stdout
    assert f"https://{stack.addresses.address('prometheus')}" in status.stdout
    address = f"https://{stack.addresses.address('boards')}"
    client = guards.client(stack.state.parent)
    answer = client.post(f"{address}/prometheus/api/v1/query", data={"query": "up"}, timeout=10).json()
    targets = {one["metric"]["job"]: one["value"][1] for one in answer["data"]["result"]}
    assert targets == dict.fromkeys(("host", "exporter", "prometheus", "alertmanager", "scheduler"), "1")
    wait_until(lambda: "Watchdog" in _alerts_told(stack), 90, "Alertmanager is told of the alert that always fires")


def _alerts_told(stack: stacks.Stack) -> str:
    url = f"https://{stack.addresses.address('alertmanager')}/api/v2/alerts"
    return guards.client(stack.state.parent).get(url, timeout=10).text


def test_messages_and_beats_arrive_through_tls_and_the_login(stack: stacks.Stack) -> None:
    """An alert reaches the inbox by mail, chat and webhook, its links say https; game day and heartbeat hear."""
    client = guards.client(stack.state.parent)
    alert = {"labels": {"alertname": "Tried", "severity": "critical", "type": "error", "layer": "api"}}
    told = client.post(f"https://{stack.addresses.address('alertmanager')}/api/v2/alerts", json=[alert], timeout=10)
    assert told.ok, told.text
    inbox = f"https://{stack.addresses.address('inbox')}/api/messages"

    def delivered() -> dict[str, str]:
        messages = client.get(inbox, timeout=10).json()["messages"]
        return {m["channel"]: json.dumps(m) for m in messages if "Tried" in m["title"]}

    wait_until(lambda: delivered().keys() >= {"email", "slack", "webhook"}, 60, "told by each channel")
    assert f"https://{stack.addresses.address('alertmanager')}/#/silences" in delivered()["email"]
    assert GameDayStack(stack.state, stack.addresses, threading.Event()).arrivals(0.0)
    state = f"https://{stack.addresses.address('heartbeat')}/"
    wait_until(lambda: "last beat" in client.get(state, timeout=10).text, 120, "Watchdog reaches the heartbeat")


def test_pages_open_in_a_browser_that_knows_the_login(stack: stacks.Stack) -> None:
    """The inbox and a board open after the login, and what they load opens too; without it there is nothing to see."""
    login = {"username": guards.NAME, "password": guards.PASSWORD}
    with browser_page(ignore_https_errors=True, http_credentials=login) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(f"https://{stack.addresses.address('inbox')}/")
        assert "inbox" in page.title().lower()
        page.goto(f"https://{stack.addresses.address('boards')}/d/crm-monitoring")
        page.wait_for_selector(".panel[data-state=drawn]", timeout=30_000)
        assert complaints == []
    with browser_page(ignore_https_errors=True) as page:
        for name in ("inbox", "boards", "heartbeat"):
            with pytest.raises(BrowserError, match="ERR_INVALID_AUTH_CREDENTIALS"):
                page.goto(f"https://{stack.addresses.address(name)}/")


@pytest.mark.parametrize("component", _GUARDED)
def test_only_the_right_login_gets_in(stack: stacks.Stack, component: str) -> None:
    """The right name and password are let in; wrong ones and none are not, nor is anybody without TLS or trust."""
    assert _get(stack, component, (guards.NAME, guards.PASSWORD)) == 200
    for wrong in (None, (guards.NAME, "wrong"), ("someone", guards.PASSWORD), (guards.NAME, "")):
        assert _get(stack, component, wrong) == 401, wrong
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"https://{stack.addresses.address(component)}/", timeout=10)
    # Some say 400 before they close the connection.
    with suppress(requests.ConnectionError):
        assert _get(stack, component, (guards.NAME, guards.PASSWORD), scheme="http") == 400


def test_no_secret_is_in_a_command_line_an_environment_or_a_log(stack: stacks.Stack) -> None:
    """Neither the password nor its hash, nor the key, is anywhere but in its file and in the servers' own."""
    folder = stack.state.parent
    key = (folder / "server.key").read_text().splitlines()[1]
    secrets = [guards.PASSWORD, (folder / "hash").read_text().strip(), key]
    shown = stack.text() + json.dumps(_processes(stack.state))
    shown += "".join(file.read_text(errors="replace") for file in (stack.state / "log").iterdir())
    assert [secret for secret in secrets if secret in shown] == []
    holding = {
        str(file.relative_to(stack.state))
        for file in stack.state.rglob("*")
        if file.is_file() and any(secret.encode() in file.read_bytes() for secret in secrets)
    }
    assert holding == {"prometheus/web.yml", "alertmanager/web.yml"}
    assert {(stack.state / name).stat().st_mode & 0o777 for name in holding} == {0o600}


def _processes(state: Path) -> list[object]:
    found: list[object] = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if environment.get("PANTRYWATCH_STATE") == str(state):
                found.append([process.cmdline(), environment])
        except psutil.Error:
            continue
    assert len(found) >= 5
    return found


def test_a_new_password_holds_everywhere_without_a_restart(stack: stacks.Stack) -> None:
    """Password and hash replaced: servers and clients go by the new ones, no process is another one, scrapes go on."""
    before = _processes_of_components(stack)
    guards.set_password(stack.state.parent, "newer-0815")
    try:
        for component in _GUARDED:
            new, old = (guards.NAME, "newer-0815"), (guards.NAME, guards.PASSWORD)
            wait_until(lambda c=component, n=new: _get(stack, c, n) == 200, 15, f"{component} takes the new password")
            assert _get(stack, component, old) == 401
        assert stack.run("status").returncode in {0, 1}
        wait_until(lambda: stack.run("status").returncode == 0, 60, "every target is up by the new password")
        assert _processes_of_components(stack) == before
        (stack.state.parent / "password").write_text("mistyped\n")
        refused = stack.run("status")
        assert refused.returncode == 1
        assert "rejects our login" in refused.stdout
        (stack.state.parent / "hash").write_text("not a hash\n")
        wait_until(lambda: "keeping the previous login" in stack.text(), 15, "an invalid hash is reported")
        assert _get(stack, "prometheus", (guards.NAME, "newer-0815")) == 200
    finally:
        guards.set_password(stack.state.parent, guards.PASSWORD)
        wait_until(lambda: _get(stack, "prometheus", (guards.NAME, guards.PASSWORD)) == 200, 15, "as it was")


def _processes_of_components(stack: stacks.Stack) -> set[int]:
    ports = {stack.addresses.port(name) for name in _GUARDED}
    return {
        connection.pid or 0
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port in ports
    }


def test_the_boards_say_when_they_are_not_let_in(stack: stacks.Stack) -> None:
    """Without the settings the page says that Prometheus wants a login; with them it draws."""
    url, settings = f"https://{stack.addresses.address('prometheus')}", str(stack.state.parent / "settings.yaml")
    trust = {"REQUESTS_CA_BUNDLE": str(stack.state.parent / "ca.pem")}
    for arguments, status in ((["--settings", settings], 200), ([], 502)):
        port = servers.free_port()
        command = [
            sys.executable, "-m", "pantrywatch", "boards", "--prometheus", url, "--listen", f"127.0.0.1:{port}",
            *arguments,
        ]  # fmt: skip
        log = stack.state.parent / f"boards-{status}.log"
        with servers.process(command, log, environment={"PYTHONPATH": str(ROOT), **trust}):
            scheme, client = ("https", guards.client(stack.state.parent)) if arguments else ("http", requests.Session())
            ask = f"{scheme}://127.0.0.1:{port}/prometheus/api/v1/query?query=up"
            wait_until(lambda c=client, a=ask: _answers(c, a), 20, "the page answers")
            answer = client.get(ask, timeout=10)
            assert answer.status_code == status, answer.text
            assert "rejected the login" in answer.text or status == 200


def _answers(client: requests.Session, url: str) -> bool:
    try:
        with closing(client.get(url, timeout=5)):
            return True
    except requests.RequestException:
        return False


_BAD = {
    "missing certificate": (lambda d: (d / "server.pem").unlink(), "web.certificate_file: expected readable, valid"),
    "unreadable certificate": (
        lambda d: ((d / "server.pem").unlink(), (d / "server.pem").mkdir()),
        "web.certificate_file: expected readable, valid",
    ),
    "ended certificate": (lambda d: guards.certificate(d, days=-1), "it expired on 20"),
    "key of another": (lambda d: (d / "server.key").write_bytes((d / "ca.key").read_bytes()), "another certificate"),
    "other host": (
        lambda d: guards.certificate(d, host="elsewhere"),
        "expected a certificate for 127.0.0.1, signed by",
    ),
    "other authority": (
        lambda d: ((d / "ca.pem").unlink(), guards.certificate(d, "second")),
        "expected a certificate for 127.0.0.1, signed by",
    ),
    "missing authority": (lambda d: (d / "ca.pem").unlink(), "web.ca_file: expected a readable"),
    "no authority": (lambda d: (d / "ca.pem").write_text("x"), "web.ca_file: expected PEM"),
    "clear text for a hash": (lambda d: (d / "hash").write_text("hush-hush-3141"), "web.users[0].password_hash_file"),
    "missing password": (lambda d: (d / "password").unlink(), "web.client.password_file: expected a readable"),
    "password of another": (
        lambda d: (d / "password").write_text("hush-hush-3141"),
        "expected in password the password",
    ),
}


@pytest.mark.parametrize("fault", _BAD)
def test_bad_files_start_nothing(tmp_path: Path, fault: str) -> None:
    """What is missing, ended, foreign or does not fit is named with its entry; exit code 2, no secret shown."""
    spoil, expected = _BAD[fault]
    guards.make_files(tmp_path)
    (tmp_path / "settings.yaml").write_text(_SETTINGS)
    spoil(tmp_path)  # type: ignore[no-untyped-call]
    command = [sys.executable, "-m", "pantrywatch", "--state", str(tmp_path / "state"), "up", "--settings"]
    done = subprocess.run(
        [*command, str(tmp_path / "settings.yaml"), "--port-offset", str(stacks.free_offset())],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    printed = done.stdout + done.stderr
    assert done.returncode == 2, printed
    assert expected in done.stderr
    assert re.search(rf"error: {tmp_path}/settings\.yaml:\d+: web\.", done.stderr), done.stderr
    assert "hush-hush" not in printed
    assert "Traceback" not in printed
    assert stacks.processes_of(tmp_path / "state") == []
