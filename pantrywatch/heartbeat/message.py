"""The heartbeat's messages when Watchdog is missing and when it is back, in the format of the other messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_ALERT = "WatchdogSilent"
_SILENT = """\
Alertmanager's Watchdog has been missing since {since}.
Until it is back, nobody is notified of any other alert ({alert}).

Impact: an outage of the CRM would go unnoticed.
First step: does the monitoring machine respond? Run `./run status` or `docker compose ps` there; then check that
Watchdog is firing on Prometheus' page /alerts, and read Alertmanager's log.
Runbook: docs/runbooks/Watchdog.md
"""
_RETURNED = """\
Alertmanager's Watchdog is arriving again ({alert}). It had been missing since {since}.
Alertmanager itself sends the alerts that started in the meantime.
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: Watchdog missing since a Unix time, or back."""

    since: float
    returned: bool
    began_watching: bool = False

    @property
    def status(self) -> str:
        """Return firing or resolved."""
        return "resolved" if self.returned else "firing"

    @property
    def summary(self) -> str:
        """Return the summary."""
        return "The monitoring is back" if self.returned else "The monitoring is down: nobody would be notified"

    @property
    def title(self) -> str:
        """Return the title, in the same format as Alertmanager's messages."""
        return f"[CRITICAL] {self.summary} \u2013 {self.status} (1)"

    @property
    def text(self) -> str:
        """Return the message."""
        since = f"{datetime.fromtimestamp(self.since, UTC):%Y-%m-%d %H:%M:%S} UTC"
        if self.began_watching:
            since += ", when this heartbeat was first started"
        return (_RETURNED if self.returned else _SILENT).format(since=since, alert=_ALERT)

    def as_alertmanager(self) -> dict[str, Any]:
        """Return the message as Alertmanager's webhook would post it."""
        labels = {"alertname": _ALERT, "severity": "critical", "component": "alertmanager", "layer": "monitoring"}
        annotations = {"summary": self.summary, "description": self.text}
        begin = datetime.fromtimestamp(self.since, UTC).isoformat()
        alert = {"status": self.status, "labels": labels, "annotations": annotations, "startsAt": begin}
        return {
            "version": "4", "status": self.status, "receiver": "heartbeat", "groupKey": _ALERT, "groupLabels": {},
            "commonLabels": labels, "commonAnnotations": annotations, "externalURL": "", "alerts": [alert],
        }  # fmt: skip
