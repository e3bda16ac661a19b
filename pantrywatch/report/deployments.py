"""Deployments, and how often and how long they went wrong: the measures of DORA."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pantrywatch.report.incidents import Incident
from pantrywatch.report.period import Period

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
    """The deployments of a period, the oldest first; a measure is None where there is nothing to count it from."""

    deployments: tuple[Deployment, ...]
    per_week: float
    failed_share: float | None
    recovery_seconds: float | None
    restore_seconds: float | None


def delivery_of(marks: Iterable[tuple[str, float]], incidents: Sequence[Incident], period: Period) -> Delivery:
    """Return the deployments in the period and their measures; recovery and restoring are medians."""
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
        _median(failed),
        _median(incidents),
    )


def _blamed(incidents: Iterable[Incident], start: float, end: float) -> Incident | None:
    return next((one for one in incidents if start <= one.fired < end), None)


def _median(incidents: Iterable[Incident]) -> float | None:
    times = [seconds for one in incidents if (seconds := one.seconds_to_resolve) is not None]
    return statistics.median(times) if times else None
