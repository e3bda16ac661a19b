"""Two Prometheus, two Alertmanagers and a store as `up --ha` configures them, around one exporter, 30 times as fast."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import requests

from pantrywatch.config.scale import Remote, Scale, Store
from pantrywatch.config.settings import Settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.layout import Layout
from pantrywatch.generate.render import files_for, render
from pantrywatch.generate.rules import rule_files
from pantrywatch.native.configuration import alertmanager_command
from pantrywatch.native.time_scale import Speed
from tests.support.alertmanagers import settings_for
from tests.support.exporter import ROOT
from tests.support.inboxes import Inbox, inbox
from tests.support.servers import free_port, stop, wait_until

SPEED = 30
SCRAPE_SECONDS = Speed(SPEED).scrape_seconds
ALERT = "CrmDatabaseDown"
_RESEND_SECONDS = 3  # an Alertmanager without it for four times as long takes the alert as resolved
_SENT = "prometheus_remote_storage_queue_highest_sent_timestamp_seconds"
_READY = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "store": "/health"}


@dataclass(slots=True)
class Server:
    """A program that is killed and started again with the same data."""

    kind: str
    command: Sequence[str]
    port: int
    folder: Path
    child: subprocess.Popen[bytes] | None = None
    started: float = 0.0

    @property
    def url(self) -> str:
        """Return its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and return when it is ready."""
        with (self.folder / f"{self.kind}-{self.port}.log").open("ab") as output:
            self.child = subprocess.Popen(self.command, stdout=output, stderr=output, cwd=self.folder)
        wait_until(lambda: self.get(_READY[self.kind]) is not None, 60, f"{self.kind} is ready")
        self.started = time.time()

    def runs_seconds(self) -> float:
        """Return for how long it has been ready."""
        return time.time() - self.started

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        assert self.child is not None
        self.child.kill()
        self.child.wait(10)

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> requests.Response | None:
        """Return an answer, None without a good one."""
        with suppress(requests.RequestException):
            answer = requests.get(f"{self.url}{path}", params=parameters, timeout=5)
            return answer if answer.ok else None
        return None

    def alerts(self) -> list[dict[str, str]]:
        """Return the labels of the alerts called ALERT that an Alertmanager has."""
        answer = self.get("/api/v2/alerts", {"filter": f'alertname="{ALERT}"'})
        return [each["labels"] for each in answer.json()] if answer else []

    def fires(self) -> bool:
        """Return whether a Prometheus has the alert, and sends it."""
        answer = self.get("/api/v1/alerts")
        found = answer.json()["data"]["alerts"] if answer else []
        return any(one["labels"]["alertname"] == ALERT and one["state"] == "firing" for one in found)

    def writes(self) -> bool:
        """Return whether a Prometheus has sent the store a sample of after its start: that takes it some seconds."""
        answer = self.get("/metrics")
        sent = re.findall(rf"^{_SENT}{{.*}} (\S+)$", answer.text, re.MULTILINE) if answer else []
        return any(float(moment) > self.started for moment in sent)


@dataclass(slots=True)
class Database:
    """What the exporter says of its server."""

    up: bool = False
    began: float = field(default_factory=time.time)

    def page(self) -> str:
        """Return its metrics: a gauge, and a counter that never falls."""
        return f"pg_up {int(self.up)}\n# TYPE made_total counter\nmade_total {10 * (time.time() - self.began):.0f}\n"


@dataclass(frozen=True, slots=True)
class Pair:
    """All of it, running; `servers` are those that may be killed."""

    servers: Mapping[str, Sequence[Server]]
    database: Database
    box: Inbox

    def is_whole(self) -> bool:
        """Return whether both Alertmanagers have the alert, both Prometheus send it and write, the store answers."""
        return (
            all(one.alerts() for one in self.servers["alertmanager"])
            and all(one.fires() and one.writes() for one in self.servers["prometheus"])
            and self.store.get("/health") is not None
        )

    @property
    def store(self) -> Server:
        """Return the store."""
        return self.servers["store"][0]

    def messages(self, status: str) -> list[dict[str, Any]]:
        """Return the messages about the alert."""
        return [one for one in self.box.messages() if one["status"] == status and ALERT in one["alerts"]]

    def samples(self, name: str) -> list[tuple[float, float]]:
        """Return time and value of the one series with this name in the store, as it keeps them."""
        answer = self.store.get("/api/v1/export", {"match[]": f'{name}{{job="database"}}'})
        assert answer is not None
        lines = answer.text.splitlines()
        assert len(lines) <= 1, f"{name}: two series of one"
        found = json.loads(lines[0]) if lines else {"timestamps": [], "values": []}
        return [(at / 1000, value) for at, value in zip(found["timestamps"], found["values"], strict=True)]

    def kept_seconds(self) -> float:
        """Return how long ago the oldest sample in the store was taken."""
        return time.time() - min((at for at, _ in self.samples("pg_up")), default=time.time())


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """Run it until the block ends."""
    with ExitStack() as stack:
        database, exporter = stack.enter_context(_exporter())
        box = stack.enter_context(inbox(folder / "inbox"))
        servers = _servers(folder, box, exporter)
        try:
            for one in (*servers["store"], *servers["alertmanager"], *servers["prometheus"]):
                one.start()
            yield Pair(servers, database, box)
        finally:
            for child in (one.child for kind in servers.values() for one in kind):
                if child is not None:
                    stop(child, signal.SIGKILL)


@contextmanager
def _exporter() -> Iterator[tuple[Database, int]]:
    database = Database()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write((database.page() if self.path.startswith("/metrics/database") else "").encode())

        def log_message(self, *_arguments: Any) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield database, server.server_port
        server.shutdown()


def _servers(folder: Path, box: Inbox, exporter: int) -> dict[str, list[Server]]:
    ports = {kind: [free_port(), free_port()] for kind in ("prometheus", "alertmanager", "mesh")}
    store = free_port()
    addresses = {kind: tuple(f"127.0.0.1:{port}" for port in found) for kind, found in ports.items()}
    scale = Scale(
        "crm", "a", addresses["prometheus"], addresses["alertmanager"],
        (Remote(f"http://127.0.0.1:{store}/api/v1/write"),), Store(f"http://127.0.0.1:{store}"),
    )  # fmt: skip
    settings = replace(settings_for(box.port, box.mail_port), application=None, scale=scale)
    _configure(folder, settings, exporter)
    return {
        "store": [Server("store", _store(folder / "store", store), store, folder)],
        "alertmanager": [
            Server("alertmanager", _alertmanager(folder, addresses, number), port, folder)
            for number, port in enumerate(ports["alertmanager"])
        ],
        "prometheus": [
            Server("prometheus", _prometheus(folder, f"prometheus{second}", port), port, folder)
            for second, port in zip(("", "-b"), ports["prometheus"], strict=True)
        ],
    }


def _configure(folder: Path, settings: Settings, exporter: int) -> None:
    address = f"127.0.0.1:{exporter}"
    layout = Layout({"database": address}, {"exporters": "database"}, "", "", pace=Speed(SPEED).pace())
    files = render(settings, layout)
    rules = rule_files(ROOT, read_targets(ROOT / "targets.yaml"), settings, SPEED)
    written = {f"prometheus/{name}": text for name, text in files_for("prometheus", files).items()}
    written |= {f"alertmanager/{name}": text for name, text in files_for("alertmanager", files).items()}
    for name, text in (written | {"prometheus/rules/database.yml": rules["database.yml"]}).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for template in (ROOT / "provisioning/alertmanager/templates").glob("*.tmpl"):
        if template.name != "links.tmpl":
            shutil.copy(template, folder / "alertmanager/templates")


def _prometheus(folder: Path, replica: str, port: int) -> list[str]:
    return [
        "prometheus", f"--config.file={folder}/prometheus/{replica}.yml",
        f"--storage.tsdb.path={folder}/{replica}-data", f"--web.listen-address=127.0.0.1:{port}",
        f"--rules.alert.resend-delay={_RESEND_SECONDS}s",
    ]  # fmt: skip


def _alertmanager(folder: Path, addresses: Mapping[str, Sequence[str]], number: int) -> list[str]:
    return [
        *shlex.split(alertmanager_command()), f"--config.file={folder}/alertmanager/alertmanager.yml",
        f"--storage.path={folder}/alertmanager-{number}", "--data.maintenance-interval=2s",
        f"--web.listen-address={addresses['alertmanager'][number]}",
        f"--cluster.listen-address={addresses['mesh'][number]}", f"--cluster.peer={addresses['mesh'][1 - number]}",
    ]  # fmt: skip


def _store(folder: Path, port: int) -> list[str]:
    return [
        "victoria-metrics", f"-storageDataPath={folder}", "-retentionPeriod=40d", f"-httpListenAddr=127.0.0.1:{port}",
        f"-dedup.minScrapeInterval={SCRAPE_SECONDS}s", "-search.latencyOffset=5s",
    ]  # fmt: skip
