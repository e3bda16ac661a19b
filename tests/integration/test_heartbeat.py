"""The heartbeat hears a real Alertmanager, speaks up once when it falls silent, and says when it is back."""

from __future__ import annotations

import re
import shutil
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from exporters.core.access import WebSettings
from exporters.core.healthcheck import alive
from exporters.core.settings import decode
from pantrywatch.cli import main
from pantrywatch.config.notifications.contacts import Contact, Webhook
from pantrywatch.config.notifications.settings import Heartbeat, Notifications
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.alertmanager.output import alertmanager_files
from pantrywatch.generate.layout import WebFiles
from pantrywatch.heartbeat.channels import channels_of
from pantrywatch.heartbeat.message import Notice
from pantrywatch.web.config_files import in_place, rooted
from tests.support import guards, servers
from tests.support.exporter import ROOT, fetch
from tests.support.inboxes import Inbox, inbox


@dataclass
class _Listener:
    """Everything that a running heartbeat and whom it tells are."""

    port: int
    inbox: Inbox

    def beat(self) -> None:
        assert requests.post(f"http://127.0.0.1:{self.port}/heartbeat", timeout=5).ok

    def notices(self, status: str) -> list[str]:
        """Return channel and contact of each notice of a status."""
        return sorted(f"{m['channel']} {m['to']}" for m in self.inbox.messages() if m["status"] == status)


def _settings(folder: Path, receiver: Inbox, port: int, web: str = "", **heartbeat: Any) -> Path:
    """Write the repository's settings with this inbox and a short silence."""
    section = yaml.safe_load((ROOT / "settings.yaml").read_text())["notifications"]
    text = yaml.safe_dump({"environment": "test", "notifications": section})
    for name, value in (
        ("${PANTRYWATCH_INBOX:-inbox:8025}", f"127.0.0.1:{receiver.port}"),
        ("${PANTRYWATCH_INBOX_SMTP:-inbox:1025}", f"127.0.0.1:{receiver.mail_port}"),
        ("${PANTRYWATCH_HEARTBEAT:-heartbeat:9095}", f"127.0.0.1:{port}"),
    ):
        text = text.replace(name, value)
    document = yaml.safe_load(text)
    document["notifications"]["heartbeat"] |= {"every": "1s", "silent": "4s", **heartbeat}
    document["notifications"]["escalation"]["critical"]["repeat"] = "1h"
    file = folder / "settings.yaml"
    file.write_text(yaml.safe_dump(document) + web)
    return file


@contextmanager
def _heartbeat(folder: Path, settings: Path, port: int, environment: Mapping[str, str] | None = None) -> Iterator[Any]:
    command = [sys.executable, "-m", "pantrywatch", "heartbeat", "--settings", str(settings)]
    command += ["--listen", f"127.0.0.1:{port}", "--keep", str(folder / "kept")]
    with servers.process(
        command, folder / "heartbeat.log", environment={"PYTHONPATH": str(ROOT), **(environment or {})}
    ) as child:

        def answers() -> bool:
            assert child.poll() is None, (folder / "heartbeat.log").read_text()
            try:
                return alive(port)
            except requests.RequestException:
                return False

        servers.wait_until(answers, 30, "the heartbeat answers")
        yield child


@contextmanager
def _alertmanager(folder: Path, settings: Path) -> Iterator[int]:
    from pantrywatch.config.settings import read_settings  # noqa: PLC0415

    read = read_settings(settings)
    paths = in_place(rooted(read.web or WebSettings(), settings))
    for name, text in alertmanager_files(
        read, replace(container_layout(), secret=str, web_files=WebFiles(alertmanager=paths))
    ).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    for template in (ROOT / "provisioning/alertmanager/templates").glob("*.tmpl"):
        if not (folder / "templates" / template.name).exists():
            (folder / "templates" / template.name).symlink_to(template)
    port = servers.free_port()
    command = ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/am",
               f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]  # fmt: skip
    with servers.process(command, folder / "alertmanager.log"):
        servers.wait_until(lambda: _posted(port), 30, "Alertmanager takes Watchdog")
        yield port


def _posted(port: int) -> bool:
    alert = {"labels": {"alertname": "Watchdog", "severity": "none"}, "endsAt": "2099-01-01T00:00:00Z"}
    try:
        return requests.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=[alert], timeout=2).ok
    except requests.RequestException:
        return False


@pytest.mark.long
def test_beats_and_notices_go_through_tls_and_the_login(tmp_path: Path) -> None:
    """Alertmanager beats, and a silence is told, through what `web` puts in front; without the login nobody beats."""
    guards.make_files(tmp_path)
    port = servers.free_port()
    with inbox(tmp_path / "inbox", guarded=tmp_path) as receiver:
        settings = _settings(tmp_path, receiver, port, guards.WEB, notify=["on-call"])
        url, client = f"https://127.0.0.1:{port}", guards.client(tmp_path)
        with _heartbeat(tmp_path, settings, port):
            for stranger in (guards.client(tmp_path, "wrong"), requests.Session()):
                stranger.verify = str(tmp_path / "ca.pem")
                stranger.trust_env = False
                assert stranger.post(f"{url}/heartbeat", timeout=5).status_code == 401
                assert stranger.get(f"{url}/metrics", timeout=5).status_code == 401
            assert "no beat yet" in client.get(f"{url}/", timeout=5).text
            with _alertmanager(tmp_path, settings):
                servers.wait_until(lambda: "last beat" in client.get(f"{url}/", timeout=5).text, 30, "a beat")
            told = ["email on-call@pantry.example", "webhook on-call"]
            listener = _Listener(port, receiver)
            servers.wait_until(lambda: listener.notices("firing") == told, 40, "told by mail and webhook")
            assert guards.PASSWORD not in (tmp_path / "heartbeat.log").read_text()


def test_a_strangers_webhook_sees_no_login_of_ours(tmp_path: Path) -> None:
    """Only `own_addresses` get it; a contact with a token of its own is notified with that, on our inbox too."""
    guards.make_files(tmp_path)
    (tmp_path / "token").write_text("theirs")
    seen: list[str | None] = []

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        address = f"127.0.0.1:{server.server_port}"
        login = f"Basic {b64encode(f'{guards.NAME}:{guards.PASSWORD}'.encode()).decode()}"
        web = rooted(decode(yaml.safe_load(guards.WEB)["web"], WebSettings, "web"), tmp_path / "settings.yaml")
        for own_addresses, token, expected in (
            ((), None, None),
            ((address,), None, login),
            ((address,), "token", "Bearer theirs"),
        ):
            section = decode(yaml.safe_load((ROOT / "settings.yaml").read_text())["notifications"], Notifications, "n")
            webhook = Webhook(f"http://{address}/hook", token_file=token)
            beats = Heartbeat(notify=("told",))
            section = replace(
                section, own_addresses=own_addresses, contacts=(Contact("told", webhook=webhook),), heartbeat=beats
            )
            (channel,) = channels_of(section, web, str(tmp_path / "settings.yaml"))
            channel.tell(Notice(1000.0, returned=False))
            assert seen.pop() == expected
        server.shutdown()
        thread.join(5)


@pytest.mark.long
def test_alertmanager_falls_silent_and_comes_back(tmp_path: Path) -> None:
    """Killed, Alertmanager is missed: each contact is told once by mail and webhook, and once that it is back."""
    port = servers.free_port()
    everyone = ["email manager@pantry.example", "email on-call@pantry.example", "webhook on-call"]
    with inbox(tmp_path / "inbox") as receiver:
        settings = _settings(tmp_path, receiver, port)
        listener = _Listener(port, receiver)
        with _heartbeat(tmp_path, settings, port):
            page = f"http://127.0.0.1:{port}/metrics"
            with _alertmanager(tmp_path, settings):
                # Beats come on: the silence is longer than the time between two, so nothing is said.
                servers.wait_until(lambda: _last(page) > 0, 30, "a beat")
                first = _last(page)
                servers.wait_until(lambda: _last(page) > first + 6, 40, "beats go on")
                assert listener.notices("firing") == []
            servers.wait_until(lambda: listener.notices("firing") == everyone, 40, "everyone is told")
            assert fetch(page).value("pantrywatch_heartbeat_silent") == 1
            message = next(m for m in receiver.messages() if m["channel"] == "email")
            assert message["title"] == "[CRITICAL] The monitoring is down: nobody would be notified \u2013 firing (1)"
            assert message["alerts"] == ["WatchdogSilent"]
            assert "Alertmanager's Watchdog has been missing since" in message["text"]
        # A restart says it to nobody again; meanwhile more time passes than the silence.
        with _heartbeat(tmp_path, settings, port):
            time.sleep(5)
            assert listener.notices("firing") == everyone
            with _alertmanager(tmp_path, settings):
                servers.wait_until(lambda: listener.notices("resolved") == everyone, 40, "everyone knows it is back")
            assert listener.notices("firing") == everyone


def _last(page: str) -> float:
    return fetch(page).value("pantrywatch_heartbeat_last_timestamp_seconds") or 0.0


@pytest.mark.long
def test_a_mail_server_that_is_down_is_tried_again(tmp_path: Path) -> None:
    """While the mail server is away the webhook is told all the same; when it is back the mail follows, once."""
    port, mail_port = servers.free_port(), servers.free_port()
    with inbox(tmp_path / "one") as web:
        settings = _settings(tmp_path, web, port, notify=["on-call"])
        settings.write_text(settings.read_text().replace(f"127.0.0.1:{web.mail_port}", f"127.0.0.1:{mail_port}"))
        with _heartbeat(tmp_path, settings, port):
            servers.wait_until(lambda: [m["channel"] for m in web.messages()] == ["webhook"], 40, "the webhook")
            failed = {"channel": "email on-call", "taken": "no"}
            page = f"http://127.0.0.1:{port}/metrics"
            counted = "pantrywatch_heartbeat_notices_total"
            servers.wait_until(lambda: bool(fetch(page).value(counted, **failed)), 30, "a failure is counted")
            with inbox(tmp_path / "two", mail_port=mail_port) as mail:
                servers.wait_until(lambda: len(mail.messages()) == 1, 60, "the mail follows")
            assert [m["channel"] for m in web.messages()] == ["webhook"]


def test_what_is_no_beat(tmp_path: Path) -> None:
    """A Watchdog that resolved, and what is no JSON, are refused and do not count; a post from a script does."""
    port = servers.free_port()
    with inbox(tmp_path / "inbox") as receiver:
        settings = _settings(tmp_path, receiver, port, silent="1h")
        with _heartbeat(tmp_path, settings, port):
            url, page = f"http://127.0.0.1:{port}/heartbeat", f"http://127.0.0.1:{port}/metrics"
            for body in (b'{"status": "resolved"}', b"[]", b"{", b"x" * 5_000_000):
                assert requests.post(url, data=body, timeout=30).status_code in {400, 413}
            assert requests.get(url, timeout=5).status_code == 405
            assert _last(page) == 0
            assert requests.post(url, timeout=5).text == "received\n"
            assert _last(page) > 0


def test_beats_of_web_pages_and_without_the_token_are_refused(tmp_path: Path) -> None:
    """No page in somebody's browser can keep the switch quiet; with a token nobody can who has not got it."""
    port = servers.free_port()
    (tmp_path / "token").write_text("t0ken\n")
    with inbox(tmp_path / "inbox") as receiver:
        settings = _settings(tmp_path, receiver, port, silent="1h", token_file="token")
        with _heartbeat(tmp_path, settings, port):
            url, page = f"http://127.0.0.1:{port}/heartbeat", f"http://127.0.0.1:{port}/metrics"
            token = {"Authorization": "Bearer t0ken"}
            for headers, status in (
                ({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Basic t0ken"}, 401),
                (token | {"Origin": "https://elsewhere.example"}, 403), (token | {"Origin": "null"}, 403),
                (token | {"Sec-Fetch-Site": "cross-site"}, 403), (token | {"Host": "elsewhere.example"}, 421),
            ):  # fmt: skip
                assert requests.post(url, headers=headers, timeout=5).status_code == status, headers
            form = requests.post(url, data=b"{}", headers=token | {"Content-Type": "text/plain"}, timeout=5)
            assert form.status_code == 415
            assert _last(page) == 0
            with _alertmanager(tmp_path, settings):
                servers.wait_until(lambda: _last(page) > 0, 30, "Alertmanager's beat with the token")


@pytest.mark.long
@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs Debian's faketime")
def test_a_machine_whose_clock_is_set_keeps_quiet(tmp_path: Path) -> None:
    """A running heartbeat, its wall clock an hour forward and then two hours back, notifies of a real silence alone."""
    offset = tmp_path / "offset"
    offset.write_text("+0s")
    port = servers.free_port()
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    environment = {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    with inbox(tmp_path / "inbox") as receiver:
        settings = _settings(tmp_path, receiver, port, silent="20s", notify=["manager"])
        listener = _Listener(port, receiver)
        with _heartbeat(tmp_path, settings, port, environment):
            page = f"http://127.0.0.1:{port}/metrics"
            for jump in ("+1h", "-1h"):
                listener.beat()
                offset.write_text(jump)
                listener.beat()
                hours = {"+1h": 3600, "-1h": -3600}[jump]
                assert abs(_last(page) - time.time() - hours) < 60, "the clock was not set"
                said = requests.get(f"http://127.0.0.1:{port}/", timeout=5).text
                assert re.search(r"last beat \d\d? s ago", said), said
            assert listener.notices("firing") == []
            servers.wait_until(lambda: listener.notices("firing") != [], 60, "the silence is noticed")


def test_settings_that_tell_nobody_stop_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a contact to tell, or with one that has neither mail nor webhook, nothing starts and it is said."""
    receiver = Inbox(1, 1, None, tmp_path)  # type: ignore[arg-type]
    arguments = ["heartbeat", "--listen", "127.0.0.1:0", "--settings"]
    assert main([*arguments, str(_settings(tmp_path, receiver, 1, notify=[]))]) == 2
    assert (
        "notifications.heartbeat.notify: expected the contacts to notify when Watchdog is missing"
        in capsys.readouterr().err
    )
    file = _settings(tmp_path, receiver, 1, notify=["manager"])
    text = file.read_text().replace("email: manager@pantry.example", "pagerduty: {key_file: key}")
    file.write_text(text)
    assert main([*arguments, str(file)]) == 2
    assert "expected manager to have email or webhook" in capsys.readouterr().err
    file.write_text("environment: test\nhost: {name: here}\n")
    assert main([*arguments, str(file)]) == 2
    assert "notifications: expected this section" in capsys.readouterr().err
