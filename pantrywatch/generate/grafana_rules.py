"""The alerts as Grafana-managed ones: a group each, in the form of Grafana's HTTP API for provisioning.

https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FOLDER = "pantrywatch"
_SOURCE = "crm-prometheus"  # the data source of pantrywatch/generate/grafana.py
# Prometheus' default, and what Grafana counts intervals in.
_EVALUATION_SECONDS, _STEP_SECONDS = 15, 10
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Grafana's templates have no queries.
_QUERY = re.compile(r'query "')
_VALUE = re.compile(r"\$value\b")


def grafana_groups(documents: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the groups of alerts of all layers. What rules record is read, not recorded: Prometheus does that."""
    groups = [group for document in documents.values() for group in document["groups"]]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    names = Counter(rule["alert"] for rule in alerts)
    for group in groups:
        rules = [_rule(rule, group["name"], names) for rule in group["rules"] if "alert" in rule]
        if rules:
            interval = _interval(group.get("interval", f"{_EVALUATION_SECONDS}s"))
            yield {"title": group["name"], "folderUid": FOLDER, "interval": interval, "rules": rules}


def _rule(rule: Mapping[str, Any], group: str, names: Counter[str]) -> dict[str, Any]:
    title = _title(rule, names)
    return {
        "uid": f"pw-{_digest(title)[:20]}",  # Grafana knows a rule by it from one build to the next
        "orgID": 1,
        "folderUID": FOLDER,
        "ruleGroup": group,
        "title": title,
        "condition": "C",
        "data": _queries(rule["expr"]),
        # Without a row nothing fires, as in Prometheus. A Prometheus that does not answer is an alert of its own.
        "noDataState": "OK",
        "execErrState": "Error",
        "for": rule.get("for", "0s"),
        **({"keep_firing_for": rule["keep_firing_for"]} if "keep_firing_for" in rule else {}),
        "labels": dict(rule["labels"]),
        "annotations": _annotations(rule["annotations"]),
    }


def _title(rule: Mapping[str, Any], names: Counter[str]) -> str:
    """Return the alert's name; where several have it, what tells them apart: a title is unique in its folder."""
    name: str = rule["alert"]
    if names[name] == 1:
        return name
    labels = rule["labels"]
    parts = [labels.get(label, "") for label in ("severity", "target", "cause")]
    return " ".join([name, *filter(None, parts), _digest(rule["expr"])[:4]])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _queries(expr: str) -> Sequence[dict[str, Any]]:
    """Return the query, and what makes each of its rows an alert, whatever its value: as Prometheus understands it."""
    any_number = "is_number($A) || is_nan($A) || is_inf($A)"
    above_zero = [{"evaluator": {"type": "gt", "params": [0]}}]
    return [
        _query("A", _SOURCE, {"expr": expr, "instant": True, "range": False}),
        _query("B", "__expr__", {"type": "math", "expression": any_number}),
        _query("C", "__expr__", {"type": "threshold", "expression": "B", "conditions": above_zero}),
    ]


def _query(name: str, source: str, model: dict[str, Any]) -> dict[str, Any]:
    kind = "prometheus" if source == _SOURCE else "__expr__"
    return {
        "refId": name,
        "datasourceUid": source,
        "relativeTimeRange": {"from": 600, "to": 0},
        "model": {"refId": name, "datasource": {"type": kind, "uid": source}, **model},
    }


def _annotations(given: Mapping[str, str]) -> dict[str, str]:
    """Return the annotations that Grafana's templates can fill, with its name for the value."""
    return {name: _VALUE.sub("$values.A.Value", text) for name, text in given.items() if not _QUERY.search(text)}


def _interval(duration: str) -> int:
    """Return seconds, of which Grafana takes multiples of ten alone: rounded up."""
    seconds = int(duration[:-1]) * _SECONDS[duration[-1]]
    return -(-seconds // _STEP_SECONDS) * _STEP_SECONDS
