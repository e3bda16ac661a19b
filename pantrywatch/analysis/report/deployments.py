"""Deployments, and how often and how long they went wrong: the measures of DORA."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pantrywatch.analysis.report.incidents import Incident
from pantrywatch.analysis.report.period import Period

# An incident that fires so soon after a deployment is counted as its failure.
BLAME_SECONDS = 3600.0
_WEEK_SECONDS = 7 * 86400.0


def marks_expr(period: Period) -> str:
    """Return the question for the marks of a period: the exporter serves only the newest."""
    mark = "pantrywatch_deployment_timestamp_seconds"
    return f"max by (version) (max_over_time({mark}[{period.seconds + 3600:.0f}s:1h]) or {mark})"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One version; `incident`: the first one that fired within an hour, before the next deployment."""

    version: str
    at: float
    incident: Incident | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The deployments of a period, the oldest first; a measure is None where there is nothing to count it from.

    The measures are those of alert_rules/delivery.jsonnet, over the period.
    """

    deployments: tuple[Deployment, ...]
    per_week: float
    failed_share: float | None
    recovery_seconds: float | None
    restore_seconds: float | None


def delivery_of(marks: Iterable[tuple[str, float]], incidents: Sequence[Incident], period: Period) -> Delivery:
    """Return the deployments in the period and their measures; recovery and restoring are means."""
    ordered = sorted((at, version) for version, at in marks if period.start <= at < period.end)
    ends = [*(at for at, _ in ordered), period.end][1:]
    found = [
        Deployment(version, at, _blamed(incidents, at, min(following, at + BLAME_SECONDS)))
        for (at, version), following in zip(ordered, ends, strict=True)
    ]
    failed = [one.incident for one in found if one.incident is not None]
    return Delivery(
        tuple(found),
        len(found) * _WEEK_SECONDS / period.seconds,
        len(failed) / len(found) if found else None,
        _mean(failed),
        _mean(incidents),
    )


def _blamed(incidents: Iterable[Incident], start: float, end: float) -> Incident | None:
    """Return the first incident that began after the deployment, and whose alert fired by the end."""
    return next((one for one in incidents if start <= (one.began or one.fired) and one.fired < end), None)


def _mean(incidents: Iterable[Incident]) -> float | None:
    """Return how long it took from the first alert to the end of the last: what overlaps is one time."""
    times: list[tuple[float, float]] = []
    for one in sorted(incidents, key=lambda incident: incident.fired):
        ended = math.inf if one.ended is None else one.ended
        if times and one.fired <= times[-1][1]:
            times[-1] = times[-1][0], max(times[-1][1], ended)
        else:
            times.append((one.fired, ended))
    lengths = [end - start for start, end in times if end < math.inf]
    return statistics.fmean(lengths) if lengths else None
