"""The alerts that Prometheus evaluates, and which of them explains which: the table that Alertmanager inhibits by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pantrywatch.generate.alertmanager.inhibition import INHIBITIONS, Inhibition

_MATCHER = re.compile(r'(?P<label>\w+)(?P<operator>=~|!~|!=|=)"(?P<value>.*)"')
# What an alert of severity none says of an outage that is over or going on: `cause` is its name for people.
_CAUSE = "CrmMonitoringCauseRecent"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of Prometheus: `since` as it writes times, `value` as it writes numbers."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: Literal["firing", "pending"]
    since: str
    value: str

    @property
    def name(self) -> str:
        """Return the alert's name; for the reminder of a cause, that cause."""
        name = self.labels.get("alertname", "")
        return f"{name} ({self.labels['cause']})" if name == _CAUSE and "cause" in self.labels else name

    @property
    def is_silent(self) -> bool:
        """Return whether nobody is ever notified of it."""
        return self.labels.get("severity") in (None, "none")


def read_alerts(data: Any) -> list[Alert]:
    """Return the alerts of /api/v1/alerts, the most severe and then the oldest first. Raises ValueError."""
    try:
        found = [
            Alert(
                {str(key): str(value) for key, value in one["labels"].items()},
                {str(key): str(value) for key, value in one["annotations"].items()},
                "firing" if one["state"] == "firing" else "pending",
                str(one["activeAt"]),
                str(one["value"]),
            )
            for one in data["alerts"]
        ]
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError("its answer is not a list of alerts") from error
    return sorted(found, key=_order)


def explains(cause: Alert, symptom: Alert) -> str:
    """Return the reason why Alertmanager inhibits the second while the first fires, or an empty text."""
    if cause == symptom or cause.state != "firing":
        return ""
    return next((rule.reason for rule in INHIBITIONS if _inhibits(rule, cause.labels, symptom.labels)), "")


def _inhibits(rule: Inhibition, source: Mapping[str, str], target: Mapping[str, str]) -> bool:
    return (
        all(_matches(matcher, source) for matcher in rule.source)
        and all(_matches(matcher, target) for matcher in rule.muted)
        and all(source.get(label, "") == target.get(label, "") for label in rule.equal)
    )


def _matches(text: str, labels: Mapping[str, str]) -> bool:
    matcher = _MATCHER.fullmatch(text)
    if matcher is None:
        raise ValueError(f"not a matcher: {text}")
    value, operator = labels.get(matcher["label"], ""), matcher["operator"]
    same = re.fullmatch(matcher["value"], value) is not None if "~" in operator else value == matcher["value"]
    return not same if operator.startswith("!") else same


def _order(alert: Alert) -> tuple[int, str, str, list[tuple[str, str]]]:
    severities = ("critical", "high", "medium", "low")
    severity = alert.labels.get("severity", "")
    rank = severities.index(severity) if severity in severities else len(severities)
    return rank, alert.since, alert.name, sorted(alert.labels.items())
