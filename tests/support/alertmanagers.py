"""A real Alertmanager with our generated configuration, the demo's settings and shortened delays."""

from __future__ import annotations

import shlex
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import yaml

from exporters.core.settings import decode
from pantrywatch.config.settings import Settings
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.alertmanager.output import alertmanager_files
from pantrywatch.native.configuration import alertmanager_command
from tests.support.exporter import ROOT
from tests.support.servers import free_port, process, wait_until

Change = Callable[[dict[str, Any]], None]
_EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def midday() -> tuple[str, str]:
    """Return a time zone in which it is now between 12 and 13, and the time there: no test crosses midnight."""
    now = datetime.now(UTC)
    ahead = 12 - now.hour
    # The names of these zones use POSIX signs: Etc/GMT-3 is three hours ahead of UTC.
    return f"Etc/GMT{-ahead:+d}", f"12:{now.minute:02d}"


def iso(moment: float) -> str:
    """Return a Unix time in the format of Alertmanager's API."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def alert(name: str, severity: str, **labels: str) -> dict[str, Any]:
    """Return an alert that starts now, with the labels and texts of our alerts."""
    found = {"alertname": name, "severity": severity, "layer": "backend", "team": "backend", "type": "error", **labels}
    texts = {
        "summary": f"{labels.get('target', name)}: 5% are bad, 0.1 % are allowed.",
        "description": "It has been bad for a while.",
        "impact": "Nobody can work.",
        "first_step": "Why? `pg_isready`",
        "runbook_url": f"docs/runbooks/{name}.md",
        "dashboard_url": "/d/crm-slo?var-target=x",
    }
    return {"labels": found, "annotations": texts, "startsAt": iso(time.time()), "generatorURL": "http://prometheus"}


def identity(alert: Mapping[str, Any]) -> str:
    """Return the labels that identify an alert."""
    return ", ".join(f"{name}={value}" for name, value in sorted(alert["labels"].items()))


def settings_for(inbox: int, mail: int, change: Change | None = None) -> Settings:
    """Return the repository's settings after a test's changes: office hours and the digest now, all to one inbox."""
    document = yaml.safe_load((ROOT / "settings.yaml").read_text())
    section = document["notifications"]
    zone, now = midday()
    section["office_hours"] = {"time_zone": zone, "days": _EVERY_DAY, "opens": "00:00", "closes": "24:00"}
    section["escalation"]["low"]["daily_at"] = now
    section["group_interval"] = "1s"
    section["heartbeat"] |= {"urls": [f"http://127.0.0.1:{inbox}/webhook/heartbeat"], "every": "1s"}
    if change is not None:
        change(section)
    environment = {"PANTRYWATCH_INBOX": f"127.0.0.1:{inbox}", "PANTRYWATCH_INBOX_SMTP": f"127.0.0.1:{mail}"}
    settings = decode(document, Settings, "settings.yaml", environment)
    assert settings.notifications is not None
    return settings


def delays(section: dict[str, Any], after: Mapping[str, Sequence[str]]) -> None:
    """Give the steps of a severity other delays."""
    for severity, times in after.items():
        for step, delay in zip(section["escalation"][severity]["steps"], times, strict=True):
            step["after"] = delay


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """A running Alertmanager."""

    port: int
    folder: Path

    @property
    def api(self) -> str:
        """Return the base URL of its API."""
        return f"http://127.0.0.1:{self.port}/api/v2"

    def send(self, *alerts: Mapping[str, Any]) -> None:
        """Send it alerts, as Prometheus does."""
        requests.post(f"{self.api}/alerts", json=list(alerts), timeout=30).raise_for_status()

    def resolve(self, *alerts: Mapping[str, Any]) -> None:
        """Send it alerts as resolved."""
        self.send(*({**alert, "endsAt": iso(time.time())} for alert in alerts))

    def silence(self, **labels: str) -> None:
        """Silence alerts with these labels, as an acknowledgement does."""
        matchers = [{"name": name, "value": value, "isRegex": False} for name, value in labels.items()]
        now = datetime.now(UTC)
        window = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        document = {"matchers": matchers, "createdBy": "on-call", "comment": "I look after it", **window}
        requests.post(f"{self.api}/silences", json=document, timeout=10).raise_for_status()

    def suppressed(self) -> dict[str, bool]:
        """Return its alerts by `identity`, and whether each is inhibited."""
        alerts = requests.get(f"{self.api}/alerts", timeout=10).json()
        return {identity(alert): bool(alert["status"]["inhibitedBy"]) for alert in alerts}

    def begins(self) -> dict[str, float]:
        """Return the Unix time since which each alert fires, by name; the last of several with one name."""
        alerts = requests.get(f"{self.api}/alerts", timeout=10).json()
        return {alert["labels"]["alertname"]: datetime.fromisoformat(alert["startsAt"]).timestamp() for alert in alerts}

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples with these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = requests.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10).text.splitlines()
        samples = [line for line in lines if line.startswith(name) and all(want in line for want in wanted)]
        return sum(float(line.rpartition(" ")[2]) for line in samples)


@contextmanager
def alertmanager(
    folder: Path, settings: Settings, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Alertmanager]:
    """Run an Alertmanager with these settings until the block ends, with the state of an earlier run in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "provisioning/alertmanager/templates", folder / "templates", dirs_exist_ok=True)
    for name, text in alertmanager_files(settings, replace(container_layout(), secret=str)).items():
        (folder / name).write_text(text)
    port, log = free_port(), folder / "alertmanager.log"
    cluster = () if any(option.startswith("--cluster.listen") for option in options) else ("--cluster.listen-address=",)
    command = [
        *shlex.split(alertmanager_command()), f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}", *cluster, *options,
    ]  # fmt: skip
    with process(command, log, environment={"TZ": "UTC", **(environment or {})}, stop_signal=signal.SIGTERM) as child:

        def ready() -> bool:
            assert child.poll() is None, f"Alertmanager ended:\n{log.read_text()[-2000:]}"
            try:
                return requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=2).ok
            except requests.RequestException:
                return False

        wait_until(ready, 30, "Alertmanager is ready")
        yield Alertmanager(port, folder)
