"""What the heartbeat says of a silence and of its end, in the form of the other messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_ALERT = "WatchdogSilent"
_SILENT = """\
Nothing has been heard from Alertmanager's Watchdog since {since}.
While this lasts nobody is told of any other alert ({alert}).

Impact: an outage of the CRM would go unnoticed.
First step: does the monitoring's machine answer? `./run status` or `docker compose ps` there; then Prometheus' page
/alerts, where Watchdog must be firing, and the log of Alertmanager.
Runbook: docs/runbooks/Watchdog.md
"""
_RETURNED = """\
Alertmanager's Watchdog is heard again ({alert}). It had been silent since {since}.
Alerts that began meanwhile are sent by Alertmanager itself.
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: the silence since a Unix time, or its end."""

    since: float
    returned: bool
    began_watching: bool = False

    @property
    def status(self) -> str:
        """Return firing or resolved."""
        return "resolved" if self.returned else "firing"

    @property
    def summary(self) -> str:
        """Return what it is about."""
        return "The monitoring is heard again" if self.returned else "The monitoring is silent: nobody would be told"

    @property
    def title(self) -> str:
        """Return the title, of the same form as Alertmanager's messages here."""
        return f"[CRITICAL] {self.summary} \u2013 {self.status} (1)"

    @property
    def text(self) -> str:
        """Return the message."""
        since = f"{datetime.fromtimestamp(self.since, UTC):%Y-%m-%d %H:%M:%S} UTC"
        if self.began_watching:
            since += ", when this heartbeat was first started"
        return (_RETURNED if self.returned else _SILENT).format(since=since, alert=_ALERT)

    def as_alertmanager(self) -> dict[str, Any]:
        """Return the notice as Alertmanager's webhook would post it, for whatever takes that."""
        labels = {"alertname": _ALERT, "severity": "critical", "component": "alertmanager", "layer": "monitoring"}
        annotations = {"summary": self.summary, "description": self.text}
        begin = datetime.fromtimestamp(self.since, UTC).isoformat()
        alert = {"status": self.status, "labels": labels, "annotations": annotations, "startsAt": begin}
        return {
            "version": "4", "status": self.status, "receiver": "heartbeat", "groupKey": _ALERT, "groupLabels": {},
            "commonLabels": labels, "commonAnnotations": annotations, "externalURL": "", "alerts": [alert],
        }  # fmt: skip
