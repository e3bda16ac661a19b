"""What happens to a CRM in weeks: incidents and deployments, with their effects on its signals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from demo.history.activity import DAY
from demo.history.noise import Noise

# Kind of incident → signal → factor at its height. A signal that is not named is not touched.
_INCIDENTS: Mapping[str, Mapping[str, float]] = {
    "slow database": {"api_p95_seconds": 3.5, "api_slow_share": 8, "database_p95_seconds": 6, "requests": 0.85,
                      "page_views": 0.85, "database_connections": 2.2},
    "bad release": {"api_error_share": 40, "script_error_share": 15},
    "outage": {"requests": 0.15, "page_views": 0.3, "logins": 0.1, "queries": 0.1, "cache_lookups": 0.1,
               "active_users": 0.4, "api_error_share": 200, "exports": 0.1},
    "cold cache": {"cache_miss_share": 6, "queries": 1.6, "api_p95_seconds": 1.5},
}  # fmt: skip
_INCIDENT_EVERY = 9 * DAY
_DEPLOYMENT_EVERY = 2.5 * DAY
# A release changes the level of these for good, by a few percent in either direction.
_RELEASED = ("api_p95_seconds", "database_p95_seconds", "queries", "cache_miss_share", "cache_lookups")
_RELEASE_SPREAD = 0.03


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong, in unix seconds, with the factor of each signal it changes."""

    kind: str
    start: int
    end: int
    factors: Mapping[str, float]

    def factor(self, signal: str, start: float, end: float) -> float:
        """The mean factor of the signal in a step: 1 where the incident is not in it."""
        shared = max(0.0, min(end, self.end) - max(start, self.start)) / (end - start)
        return 1 + (self.factors.get(signal, 1.0) - 1) * shared


@dataclass(frozen=True, slots=True)
class Deployment:
    """A release, in unix seconds, with the factor of each level it changes."""

    version: str
    time: int
    factors: Mapping[str, float]


def incidents(seed: int, start: float, end: float) -> tuple[Incident, ...]:
    """Some in a month, of 20 minutes to 3 hours; the last has ended a day before the end, none shares a day."""
    noise = Noise(seed, "incidents")
    kinds = list(_INCIDENTS)
    found = []
    second = start + DAY + noise.exponential(_INCIDENT_EVERY)
    while second < end - 2 * DAY:
        kind = kinds[noise.below(len(kinds))]
        ends = second + noise.magnitude(1200, 10800)
        found.append(Incident(kind, int(second), int(ends), _INCIDENTS[kind]))
        second = ends + DAY + noise.exponential(_INCIDENT_EVERY)
    return tuple(found)


def deployments(seed: int, start: float, end: float) -> tuple[Deployment, ...]:
    """Two or three a week, at any hour: most change little."""
    noise = Noise(seed, "deployments")
    found: list[Deployment] = []
    second = start + noise.exponential(_DEPLOYMENT_EVERY)
    while second < end:
        factors = {signal: math.exp(_RELEASE_SPREAD * noise.normal()) for signal in _RELEASED}
        found.append(Deployment(f"1.{len(found)}.0", int(second), factors))
        second += noise.exponential(_DEPLOYMENT_EVERY)
    return tuple(found)
