"""The JSON that Alertmanager posts for its webhook, Slack and PagerDuty receivers, as messages.

Forms: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config,
https://api.slack.com/reference/messaging/attachments, https://developer.pagerduty.com/docs/events-api-v2/trigger-events
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pantrywatch.inbox.message import SEVERITIES, Delivery, clean, read_delivery

# Takes the JSON and the name in the path; raises ValueError saying what was expected.
Reader = Callable[[Any, str], Delivery]

_KINDS: dict[type, str] = {list: "a list", dict: "an object", str: "a text"}
_PAGERDUTY_STATUS = {"trigger": "firing", "resolve": "resolved", "acknowledge": ""}


def read_webhook(document: Any, receiver: str) -> Delivery:
    """Return what Alertmanager's webhook says, all its alerts in one message."""
    alerts = _field(document, "alerts", list)
    labels = [_field(alert, "labels", dict) for alert in alerts]
    if not alerts:
        raise ValueError("expected at least one alert in `alerts`")
    status = str(document.get("status", ""))
    names = tuple(dict.fromkeys(str(label.get("alertname", "unnamed")) for label in labels))
    severity = _worst(str(label.get("severity", "")) for label in labels)
    annotations = document.get("commonAnnotations")
    summary = str(annotations.get("summary", "")) if isinstance(annotations, dict) else ""
    title = f"[{severity.upper() or 'NO SEVERITY'}] {summary or ', '.join(names)} - {status} ({len(alerts)})"
    text = "\n\n".join(_alert_text(alert) for alert in alerts)
    return clean(Delivery("webhook", receiver, title, text, "", status, severity, names))


def read_slack(document: Any, channel: str) -> Delivery:
    """Return a Slack message: its own text, then its attachments' titles, texts, fields and buttons."""
    if not isinstance(document, dict) or not (document.get("text") or document.get("attachments")):
        raise ValueError("expected `text` or `attachments`")
    attachments = _objects(document, "attachments")
    titles = [str(part.get("title") or part.get("fallback") or "") for part in attachments]
    lines = [str(document.get("text") or "")]
    for part in attachments:
        lines += _slack_lines(part)
    text = "\n".join(line for line in lines if line)
    title = next((title for title in titles if title), text)
    return read_delivery("slack", str(document.get("channel") or channel), title, text)


def read_pagerduty(document: Any, receiver: str) -> Delivery:
    """Return an event of PagerDuty's API, version 2. Its routing key is a secret: nothing of it is kept."""
    action = _field(document, "event_action", str)
    if action not in _PAGERDUTY_STATUS:
        raise ValueError(f"expected `event_action` of {', '.join(_PAGERDUTY_STATUS)}")
    payload = _field(document, "payload", dict) if document.get("payload") or action == "trigger" else {}
    if action == "trigger" and not payload.get("summary"):
        raise ValueError("expected `payload.summary`")
    title = str(payload.get("summary") or f"{action} {document.get('dedup_key', '')}")
    lines = [*_pairs(payload.get("custom_details")), *_links(document)]
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
    annotations = alert.get("annotations")
    head = f"{alert.get('status', '')} since {alert.get('startsAt', 'unknown')}"
    return "\n".join([head, *_pairs(alert["labels"]), *_pairs(annotations)])


def _slack_lines(part: dict[str, Any]) -> list[str]:
    title = f"{part.get('title') or ''} {part.get('title_link') or ''}".strip()
    return [
        str(part.get("pretext") or ""),
        title,
        str(part.get("text") or ""),
        *(f"{field.get('title', '')}: {field.get('value', '')}" for field in _objects(part, "fields")),
        *(f"{action.get('text', '')}: {action.get('url', '')}" for action in _objects(part, "actions")),
        str(part.get("footer") or ""),
    ]


def _links(document: dict[str, Any]) -> list[str]:
    return [f"{link.get('text', '')}: {link.get('href', '')}" for link in _objects(document, "links")]


def _pairs(found: Any) -> list[str]:
    return [f"{name}: {value}" for name, value in found.items()] if isinstance(found, dict) else []
