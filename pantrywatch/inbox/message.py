"""What the inbox keeps of a message, whichever channel it came by."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

SEVERITIES = ("critical", "high", "medium", "low")
_LINE_LENGTH = 500  # of a title or a list of recipients
_MOST_ALERTS = 500

# In mail and chat the name stands in the text, by the convention of alert_rules: Crm<Layer><Condition>.
_ALERT = re.compile(r"\b(?:Crm[A-Z][A-Za-z0-9]{1,80}|WatchdogSilent)\b")
_SEVERITY = re.compile(r"\[[^\]]{0,40}\b(critical|high|medium|low)\b", re.IGNORECASE)
_STATUS = re.compile(r"\b(firing|resolved)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came in; texts may hold anything, so whoever shows them must escape them.

    `status` is firing, resolved or empty; `severity` one of SEVERITIES or empty.
    """

    channel: str
    to: str
    title: str
    text: str
    html: str = ""
    status: str = ""
    severity: str = ""
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery with its number, which only grows, and the Unix time at which it was taken."""

    id: int
    received_at: float
    delivery: Delivery

    def as_json(self) -> dict[str, Any]:
        """Return the message as `/api/messages` gives it and the file keeps it."""
        fields = asdict(self.delivery)
        return {"id": self.id, "received_at": self.received_at, **fields, "alerts": list(self.delivery.alerts)}


def message_from_json(document: Any) -> Message:
    """Return the message of `as_json`. Raises ValueError, KeyError or TypeError where it is none."""
    fields = dict(document)
    number, received_at = int(fields.pop("id")), float(fields.pop("received_at"))
    return Message(number, received_at, Delivery(**{**fields, "alerts": tuple(fields["alerts"])}))


def read_delivery(channel: str, to: str, title: str, text: str, html: str = "") -> Delivery:
    """Return a delivery whose alerts, severity and status are read from its words, as a person would."""
    severity, status = _SEVERITY.search(title), _STATUS.search(title) or _STATUS.search(text)
    return clean(
        Delivery(
            channel, to, title, text, html,
            status=status[1].lower() if status else "",
            severity=severity[1].lower() if severity else "",
            alerts=alerts_in(title, text, html),
        )
    )  # fmt: skip


def alerts_in(*texts: str) -> tuple[str, ...]:
    """Return the names of alerts in the first of the texts that has any, each once."""
    return next((tuple(dict.fromkeys(found)) for text in texts if (found := _ALERT.findall(text))), ())


def clean(delivery: Delivery) -> Delivery:
    """Return the delivery with valid text only, its short fields on one line and bounded."""
    return Delivery(
        delivery.channel,
        _line(delivery.to),
        _line(delivery.title) or "(no title)",
        _valid(delivery.text),
        _valid(delivery.html),
        delivery.status if delivery.status in {"firing", "resolved"} else "",
        delivery.severity if delivery.severity in SEVERITIES else "",
        tuple(_line(name) for name in delivery.alerts[:_MOST_ALERTS]),
    )


def _line(text: str) -> str:
    line = " ".join(_valid(text).split())
    return line if len(line) <= _LINE_LENGTH else line[: _LINE_LENGTH - 1] + "…"


def _valid(text: str) -> str:
    """Half a surrogate pair comes through JSON and cannot be written again; NUL is in no message."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
