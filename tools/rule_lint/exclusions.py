"""Findings that the lint ignores, with the reason. A test fails for an exclusion that is no longer needed."""

from __future__ import annotations

_BEFORE = "adds what versions before 0.2 recorded as paced5m, until those samples have left Prometheus"

# (name of the alert or recording rule, lint) → reason.
EXCLUSIONS: dict[tuple[str, str], str] = {
    ("Watchdog", "short-for"): "it always fires: there is nothing to wait for",
    ("Watchdog", "missing-label"): "severity none keeps it out of every route but the heartbeat's",
    **{
        (name, lint): reason
        for name in ("CrmMonitoringCauseRecent", "CrmMonitoringTargetBurned")
        for lint, reason in {
            "short-for": "it inhibits, and must do so as soon as its source fires",
            "missing-label": "severity none keeps it out of every route",
        }.items()
    },
    ("crm:time_to_restore:seconds30d", "rated-gauge"): "it counts falls from 1 to 0: the ends of incidents",
    ("slo:series:count", "counted-twice"): "that there are some is all that is asked of it",
    ("CrmApiUsersAffected", "short-for"): "the alerts it covers have waited",
    ("CrmMonitoringOutageFlapping", "short-for"): "three outages are its wait, and it inhibits the third",
    ("CrmFrontendDown", "short-for"): "two runs of a check have failed: that is its wait",
    ("CrmFrontendDown", "short-range"): "two scrapes without a success are what it looks for",
    **{
        (f"slo:events_{events}:sum{window}", "unknown-metric"): _BEFORE
        for events in ("bad", "total")
        for window in ("1d", "3d", "30d")
    },
}
