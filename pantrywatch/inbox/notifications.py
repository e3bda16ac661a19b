"""The JSON that Alertmanager posts for its webhook, Slack and PagerDuty receivers, as messages.

Forms: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config,
https://api.slack.com/reference/messaging/attachments, https://developer.pagerduty.com/docs/events-api-v2/trigger-events
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from pantrywatch.inbox.message import SEVERITIES, Delivery, clean, read_delivery

# Takes the JSON and the name in the path; raises ValueError with the expected form.
Reader = Callable[[Any, str], Delivery]

_KINDS: dict[type, str] = {list: "a list", dict: "an object", str: "a text"}
_PAGERDUTY_STATUS = {"trigger": "firing", "resolve": "resolved", "acknowledge": ""}


def read_webhook(document: Any, receiver: str) -> Delivery:
    """Return Alertmanager's webhook notification, with all its alerts, as one message."""
    alerts = _field(document, "alerts", list)
    labels = [_texts(alert, "labels") for alert in alerts]
    if not alerts:
        raise ValueError("expected at least one alert in `alerts`")
    status = _text(document.get("status"), "status")
    names = tuple(dict.fromkeys(label.get("alertname", "unnamed") for label in labels))
    severity = _worst(label.get("severity", "") for label in labels)
    summary = _texts(document, "commonAnnotations").get("summary", "")
    was = "was: " if status == "resolved" and summary else ""
    what = was + (summary.removesuffix(".") or ", ".join(names))
    title = f"[{severity.upper() or 'NO SEVERITY'}] {what} \u2013 {status} ({len(alerts)})"
    text = "\n\n".join([*_escalated(document, status), *(_alert_text(alert) for alert in alerts)])
    return clean(Delivery("webhook", receiver, title, text, "", status, severity, names))


def _escalated(document: dict[str, Any], status: str) -> list[str]:
    """Return the sentence of later steps, whose receivers Alertmanager's configuration names "… after 15m"."""
    _, later, after = _text(document.get("receiver"), "receiver").rpartition(" after ")
    return [f"Escalated: unacknowledged {after} after it first fired."] if later and status == "firing" else []


def read_slack(document: Any, channel: str) -> Delivery:
    """Return a Slack message: its own text, then its attachments' titles, texts, fields and buttons."""
    if not isinstance(document, dict) or not (document.get("text") or document.get("attachments")):
        raise ValueError("expected `text` or `attachments`")
    attachments = _objects(document, "attachments")
    titles = [_text(part.get("title"), "title") or _text(part.get("fallback"), "fallback") for part in attachments]
    lines = [_text(document.get("text"), "text")]
    for part in attachments:
        lines += _slack_lines(part)
    text = "\n".join(line for line in lines if line)
    title = next((title for title in titles if title), text)
    return read_delivery("slack", _text(document.get("channel"), "channel") or channel, title, text)


def read_pagerduty(document: Any, receiver: str) -> Delivery:
    """Return an event of PagerDuty's API, version 2. Its routing key is a secret and is not kept."""
    action = _field(document, "event_action", str)
    if action not in _PAGERDUTY_STATUS:
        raise ValueError(f"expected `event_action` of {', '.join(_PAGERDUTY_STATUS)}")
    payload = _field(document, "payload", dict) if document.get("payload") or action == "trigger" else {}
    if action == "trigger" and not payload.get("summary"):
        raise ValueError("expected `payload.summary`")
    title = (
        _text(payload.get("summary"), "payload.summary") or f"{action} {_text(document.get('dedup_key'), 'dedup_key')}"
    )
    details = payload.get("custom_details")
    lines = [*_pairs(details if isinstance(details, dict) else {"details": details} if details else {})]
    lines += _links(document)
    read = read_delivery("pagerduty", receiver, title, "\n".join(lines))
    status = _PAGERDUTY_STATUS[action]
    return clean(Delivery("pagerduty", receiver, title, read.text, "", status, read.severity, read.alerts))


def _field(document: Any, name: str, kind: type) -> Any:
    value = document.get(name) if isinstance(document, dict) else None
    if type(value) is not kind:
        raise ValueError(f"expected an object with `{name}`, {_KINDS[kind]}")
    return value


def _objects(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = document.get(name) or []
    if type(found) is not list or not all(type(part) is dict for part in found):
        raise ValueError(f"expected `{name}` to be a list of objects")
    return found


def _worst(severities: Iterable[str]) -> str:
    found = set(severities)
    return next((severity for severity in SEVERITIES if severity in found), "")


def _alert_text(alert: dict[str, Any]) -> str:
    head = f"{_text(alert.get('status'), 'status')} since {_text(alert.get('startsAt'), 'startsAt') or 'unknown'}"
    return "\n".join([head, *_pairs(alert["labels"]), *_pairs(_texts(alert, "annotations"))])


def _slack_lines(part: dict[str, Any]) -> list[str]:
    return [
        _text(part.get("pretext"), "pretext"),
        _joined(part, " ", "title", "title_link"),
        _text(part.get("text"), "text"),
        *(_joined(field, ": ", "title", "value") for field in _objects(part, "fields")),
        *(_joined(action, ": ", "text", "url") for action in _objects(part, "actions")),
        _text(part.get("footer"), "footer"),
    ]


def _links(document: dict[str, Any]) -> list[str]:
    return [_joined(link, ": ", "text", "href") for link in _objects(document, "links")]


def _joined(part: dict[str, Any], by: str, *names: str) -> str:
    return by.join(text for name in names if (text := _text(part.get(name), name)))


def _text(value: Any, name: str) -> str:
    """Return a text unchanged, a number or boolean as text, and an empty text for null."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise ValueError(f"expected `{name}` to be a text")  # noqa: TRY004 - what a reader raises
    return str(value)


def _texts(document: Any, name: str) -> dict[str, str]:
    """Return an object of texts, as labels and annotations are; annotations may be missing or null."""
    found = _field(document, name, dict) if name == "labels" else document.get(name) or {}
    if type(found) is not dict or not all(type(value) is str for value in found.values()):
        raise ValueError(f"expected `{name}` to be an object of texts")
    return found


def _pairs(found: dict[str, Any]) -> list[str]:
    """Return a line per entry; PagerDuty's details may be nested."""
    return [f"{name}: {value if isinstance(value, str) else json.dumps(value)}" for name, value in found.items()]
