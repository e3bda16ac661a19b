"""The messages the inbox keeps, in one form for all channels."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

SEVERITIES = ("critical", "high", "medium", "low")
_LINE_LENGTH = 500  # of a title or a list of recipients
_MOST_ALERTS = 500
_LARGEST_ID = 2**53  # the largest exact integer in JavaScript
_YEAR_9999 = 253_370_764_800.0

# In mail and chat the name is in the text, by the naming convention of alert_rules: Crm<Layer><Condition>.
_ALERT = re.compile(r"\b(?:Crm[A-Z][A-Za-z0-9]{1,80}|WatchdogSilent)\b")
_SEVERITY = re.compile(r"\[[^\]]{0,40}\b(critical|high|medium|low)\b", re.IGNORECASE)
_STATUS = re.compile(r"\b(firing|resolved)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as received; texts may hold anything, so they must be escaped for display.

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
    """A delivery with its number, which only grows, and the Unix time at which it was received.

    `elapsed_seconds` is for the time between two messages: it is monotonic, even if the clock is set.
    """

    id: int
    received_at: float
    delivery: Delivery
    elapsed_seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return the message in the form of `/api/messages` and the file."""
        fields = asdict(self.delivery)
        moments = {"received_at": self.received_at, "elapsed_seconds": self.elapsed_seconds}
        return {"id": self.id, **moments, **fields, "alerts": list(self.delivery.alerts)}


def message_from_json(document: Any) -> Message:
    """The inverse of `as_json`. Raises ValueError, KeyError or TypeError for an invalid document."""
    fields = dict(document)
    number, received_at = fields.pop("id"), _moment(fields.pop("received_at"))
    elapsed_seconds = _moment(fields.pop("elapsed_seconds", received_at))
    alerts = fields.pop("alerts")
    texts = [*fields.values(), *alerts]
    if type(number) is not int or not 0 < number < _LARGEST_ID or not all(type(text) is str for text in texts):
        raise ValueError("expected a number and texts")
    return Message(number, received_at, clean(Delivery(**fields, alerts=tuple(alerts))), elapsed_seconds)


def _moment(value: Any) -> float:
    """Return a Unix time that can be shown as a date."""
    if type(value) not in {int, float} or not 0 <= value < _YEAR_9999:
        raise ValueError("expected a Unix time")
    return float(value)


def read_delivery(channel: str, to: str, title: str, text: str, html: str = "") -> Delivery:
    """Return a delivery whose alerts, severity and status are taken from its text."""
    title = _line(title)
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
    """Return the distinct alert names in the first text that has any."""
    for text in texts:
        found: dict[str, None] = {}
        for match in _ALERT.finditer(text):
            found[match[0]] = None
            if len(found) == _MOST_ALERTS:
                break
        if found:
            return tuple(found)
    return ()


def clean(delivery: Delivery) -> Delivery:
    """Return the delivery with valid text only, and with short fields on one line and bounded."""
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
    line = " ".join(_valid(text[: 4 * _LINE_LENGTH]).split())
    return line if len(line) <= _LINE_LENGTH else line[: _LINE_LENGTH - 1] + "…"


def _valid(text: str) -> str:
    """JSON can carry lone surrogates, which cannot be encoded; NUL belongs in no message."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
