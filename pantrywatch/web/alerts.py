"""Which alerts fire, of several servers that evaluate the same rules: the two of a pair."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def merged(bodies: Mapping[str, bytes]) -> bytes | None:
    """Return the bodies of /api/v1/alerts, by server, as one; None if none of them has the alerts.

    An alert of several servers is there once, as of the one where it fires, or fires for longer: one that has just
    started does not have it yet. Servers without the alerts are named under `warnings`, as Prometheus names what an
    answer lacks.
    """
    found: dict[str, Any] = {}
    missing = []
    for server, body in bodies.items():
        try:
            found[server] = list(_alerts(json.loads(body)))
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            missing.append(f"without the alerts of {server}: {_reason(body)}")
    if not found:
        return None
    alerts = list(_once(alert for answer in found.values() for alert in answer))
    warnings = {"warnings": missing} if missing else {}
    return json.dumps({"status": "success", "data": {"alerts": alerts}, **warnings}).encode()


def _alerts(document: Any) -> Sequence[dict[str, Any]]:
    """Return the alerts of an answer, all of which have what `_once` needs. Raises what a wrong one leads to."""
    alerts: list[dict[str, Any]] = document["data"]["alerts"]
    if not all(_is_alert(one["labels"], one["state"], one["activeAt"]) for one in alerts):
        raise ValueError
    return alerts


def _is_alert(labels: Any, state: Any, active_at: Any) -> bool:
    return isinstance(labels, dict) and isinstance(state, str) and isinstance(active_at, str)


def _once(alerts: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    kept: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for alert in sorted(alerts, key=lambda one: (one["state"] != "firing", one["activeAt"])):
        labels = ((str(name), str(value)) for name, value in alert["labels"].items())
        kept.setdefault(tuple(sorted(labels)), alert)
    return kept.values()


def _reason(body: bytes) -> str:
    """Return the error in an answer that is one."""
    try:
        return str(json.loads(body)["error"])[:200]
    except (ValueError, RecursionError, LookupError, TypeError):
        return "its answer has none"
