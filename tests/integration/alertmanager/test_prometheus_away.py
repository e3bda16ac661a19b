"""A real Prometheus that is away, beside a real Alertmanager: what fired before is not told as resolved.

Everything runs five times as fast: the rules by their own time scale, Prometheus' and Alertmanager's waits by flags.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import yaml

from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.rules import rule_files
from tests.support.alertmanagers import alertmanager, delays, settings_for
from tests.support.exporter import ROOT
from tests.support.inboxes import inbox
from tests.support.servers import free_port, process, wait_until

_SPEED = 5
# Ten minutes at normal speed, less what Prometheus takes to start on a busy machine. An alert that is sent every
# 3.5 minutes lasts 14, so 10.5 are certain whenever it was sent last.
_AWAY_SECONDS = 105
_DELAYS = {
    "critical": ("1s", "20m", "30m"),
    "high": ("1s", "20m", "30m", "40m"),
    "medium": ("1s", "20m"),
    "low": ("1s",),
}
_NAME = "CrmDatabaseDown"


@dataclass(slots=True)
class Exporter:
    """What the database's exporter says; nothing at all while it is None."""

    page: str | None = "pg_up 0\n"
    port: int = field(default_factory=free_port)


@contextmanager
def _exporter() -> Iterator[Exporter]:
    exporter = Exporter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = exporter.page
            self.send_response(200 if page else 500)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write((page or "").encode())

        def log_message(self, *_arguments: Any) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", exporter.port), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield exporter
        server.shutdown()


@contextmanager
def _heartbeat() -> Iterator[tuple[int, list[str]]]:
    """What Watchdog is sent to: its port, and the evaluation that each beat carried, a growing list."""
    evaluated: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            evaluated.append(document["alerts"][0]["annotations"]["evaluated_at"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, evaluated
        server.shutdown()


def _resend_seconds() -> float:
    """The delay that the stack gives its Prometheus, five times as fast."""
    found = re.search(r"--rules\.alert\.resend-delay=(\w+)", (ROOT / "provisioning/native/stack.conf").read_text())
    assert found
    return sum(float(n) * {"m": 60, "s": 1}[unit] for n, unit in re.findall(r"(\d+)([ms])", found[1])) / _SPEED


def _configure(folder: Path, exporter: int, alertmanager: int) -> None:
    rules = rule_files(ROOT, read_targets(ROOT / "targets.yaml"), read_settings(ROOT / "settings.yaml"), _SPEED)
    for name in ("database.yml", "monitoring.yml"):
        (folder / name).write_text(rules[name])
    job = {"job_name": "database", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}
    document = {
        "global": {"scrape_interval": "3s", "scrape_timeout": "3s", "evaluation_interval": "3s"},
        "rule_files": ["database.yml", "monitoring.yml"],
        "scrape_configs": [job],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document))


@contextmanager
def _prometheus(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(shutil.which("prometheus")), "--config.file=prometheus.yml", "--storage.tsdb.path=data",
        f"--web.listen-address={address}", f"--rules.alert.resend-delay={_resend_seconds():g}s",
        f"--query.lookback-delta={300 // _SPEED}s",
    ]  # fmt: skip
    with process(command, folder / "prometheus.log", cwd=folder) as child:
        wait_until(lambda: _fires(address), 120, f"{_NAME} fires")
        yield child


def _fires(address: str) -> bool:
    try:
        found = requests.get(f"http://{address}/api/v1/alerts", timeout=5).json()["data"]["alerts"]
    except (requests.RequestException, ValueError, KeyError):
        return False
    return any(each["labels"]["alertname"] == _NAME and each["state"] == "firing" for each in found)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_outage_goes_on_through_failed_scrapes_and_ten_minutes_without_prometheus(tmp_path: Path) -> None:
    """A database that is down is told once, is never told as resolved and keeps its severity, until it is up again.

    Meanwhile Alertmanager repeats Watchdog as it was last evaluated, and the heartbeat can tell.
    """
    with _exporter() as exporter, inbox(tmp_path / "inbox") as box, _heartbeat() as (heartbeat, evaluated):

        def change(section: dict[str, Any]) -> None:
            delays(section, _DELAYS)
            section["heartbeat"]["urls"] = [f"http://127.0.0.1:{heartbeat}/heartbeat"]

        settings = settings_for(box.port, box.mail_port, change)
        with alertmanager(tmp_path / "am", settings) as server:

            def ours(status: str) -> list[dict[str, Any]]:
                return [m for m in box.messages() if m["status"] == status and _NAME in m["alerts"]]

            _configure(tmp_path, exporter.port, server.port)
            with _prometheus(tmp_path):
                wait_until(lambda: bool(ours("firing")), 60, "it is told")
                exporter.page = None  # its machine went as well
                wait_until(
                    lambda: "CrmMonitoringTargetDown" in _active(server.api), 120, "the scrapes fail for a while"
                )
                assert ours("resolved") == []
                wait_until(lambda: len(set(evaluated)) > 1, 120, "Watchdog is evaluated again")
            left, last, heard = time.monotonic(), evaluated[-1], len(evaluated)
            wait_until(lambda: time.monotonic() - left > _AWAY_SECONDS, 2 * _AWAY_SECONDS, "Prometheus is away")
            assert ours("resolved") == []
            assert set(evaluated[heard + 2 :]) == {last}, "a beat of a dead Prometheus carries a new evaluation"
            with _prometheus(tmp_path):
                wait_until(lambda: evaluated[-1] != last, 120, "it is evaluated once more")
                assert ours("resolved") == []
                assert _active(server.api)[_NAME] == "critical"
                exporter.page = "pg_up 1\n"
                wait_until(lambda: bool(ours("resolved")), 120, "it is up again")
            assert {m["severity"] for m in ours("firing")} == {"critical"}


def _active(api: str) -> dict[str, str]:
    alerts = requests.get(f"{api}/alerts", timeout=10).json()
    return {each["labels"]["alertname"]: each["labels"]["severity"] for each in alerts}
