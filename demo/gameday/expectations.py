"""The alerts each fault must cause, and tolerated side effects; anything else is a finding.

A bound counts in evaluation intervals of the rules (15 s at normal speed) from the fault to the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.gameday.stack import FiredAlert

# Alerts tolerated at any time, with the reason.
EVERYWHERE = {
    FiredAlert("CrmHostCpuSaturated", "medium"): "the machine does other work too, above all when a test shares it",
}

_BURN = "the fault uses up the month's allowance of this target as well"
_CHECK = "a check of the journey or of the server hits the fault too"
_ERRORS = "the API responds with 5xx if it cannot reach its servers"
_SLOW = "routes take longer than a second"
_NO_CONNECTION = "background queries without a connection fail until their next run"
_GONE = "the group of processes is gone with the server"

# Side effects of a database that is down for long enough.
_LOST = {
    ("CrmSyntheticCheckFailing", "medium"): _CHECK,
    ("CrmTargetNoData", "high"): "the server's own counters end with its sessions",
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """A fault's row: required alerts with severity and the most evaluations they may take; the rest is text."""

    fault: str
    required: Mapping[tuple[str, str], int]
    consequences: Mapping[tuple[str, str], str] = field(default_factory=dict)
    resolved_within: float = 120.0
    # How long the fault lasts at least, in evaluations; long ones are watched for as long as windows remember.
    held: float = 0.0
    # Critical alerts that one receiver may be told of.
    conversations: int = 5
    # It needs the machine to itself.
    alone: bool = False

    def seen(self) -> dict[FiredAlert, int]:
        """Return the required alerts with their bounds."""
        return {FiredAlert(*name): most for name, most in self.required.items()}

    def tolerated(self) -> dict[FiredAlert, str]:
        """Return the side effects that are tolerated, each with its reason."""
        return {FiredAlert(*name): reason for name, reason in self.consequences.items()}


MATRIX = (
    # The slow ones first: they take longest.
    Expectation(
        "slow-database",
        # 72 % of an hour must be slow, which takes 44 minutes.
        {("CrmDbQueryLatencyBurn", "critical"): 320},
        {("CrmApiLatencyBurn", "critical"): _BURN, ("CrmApiRouteSlow", "medium"): _SLOW},
    ),
    Expectation(
        "slow-api",
        # As above.
        {("CrmApiLatencyBurn", "critical"): 320},
        {("CrmApiRouteSlow", "medium"): _SLOW},
    ),
    Expectation("cache-cold", {("CrmCacheMostlyMissing", "medium"): 160}),
    Expectation(
        "api-errors",
        {("CrmApiErrorsSudden", "critical"): 40, ("CrmApiErrorRateBurn", "critical"): 100},
        {("CrmSyntheticCheckFailing", "medium"): _CHECK, ("CrmSystemAvailabilityBurn", "critical"): _CHECK},
    ),
    Expectation(
        "third-party-down",
        {("CrmApiThirdPartyFailing", "high"): 80, ("CrmIntegrationErrorRateBurn", "critical"): 100},
        {("CrmSyntheticCheckFailing", "medium"): _CHECK},
    ),
    Expectation(
        "database-stopped",
        {("CrmDatabaseDown", "critical"): 30, ("CrmApiUsersAffected", "critical"): 60},
        _LOST | {("CrmHostProcessGroupGone", "medium"): _GONE},
        held=36.0,  # nine minutes
        conversations=2,
    ),
    Expectation(
        "database-frozen",
        {("CrmDatabaseDown", "critical"): 40, ("CrmApiUsersAffected", "critical"): 60},
        _LOST,
        held=120.0,  # half an hour: it escalates to everybody
        conversations=2,
    ),
    Expectation(
        "lock-pile-up",
        # One scrape with a short queue within the two minutes starts the wait again.
        {("CrmDatabaseLockQueue", "high"): 120},
        {
            ("CrmApiErrorsSudden", "critical"): _ERRORS,
            ("CrmApiErrorRateBurn", "critical"): _ERRORS,
            ("CrmDbErrorRateBurn", "critical"): _BURN,
            ("CrmSystemAvailabilityBurn", "critical"): _CHECK,
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
        },
    ),
    Expectation(
        "connections-used-up",
        {("CrmDatabaseConnectionsNearLimit", "critical"): 40},
        _LOST
        | {
            ("CrmApiUsersAffected", "critical"): _ERRORS,
            ("CrmMonitoringCollectorFailing", "medium"): _NO_CONNECTION,
        },
    ),
    Expectation(
        "cache-stopped",
        {("CrmCacheDown", "high"): 40},
        {
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
            ("CrmHostProcessGroupGone", "medium"): _GONE,
            ("CrmMonitoringCollectorFailing", "medium"): _NO_CONNECTION,
        },
    ),
    Expectation(
        "cache-frozen",
        {("CrmCacheDown", "high"): 50},
        {
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
            ("CrmMonitoringCollectorFailing", "medium"): _NO_CONNECTION,
            ("CrmApiLatencyBurn", "critical"): _BURN,
            ("CrmApiRouteSlow", "medium"): _SLOW,
        },
    ),
    Expectation(
        "application-stopped",
        {("CrmApiDown", "critical"): 40, ("CrmApiUsersAffected", "critical"): 80},
        {("CrmSyntheticCheckFailing", "medium"): _CHECK, ("CrmHostProcessGroupGone", "medium"): _GONE},
        held=36.0,
        conversations=2,
    ),
    Expectation("login-brute-force", {("CrmApiFailedLoginsBurst", "critical"): 40}),
    # Resolved only when the machine has no other work either.
    Expectation("cpu-burn", {("CrmHostCpuSaturated", "medium"): 160}, resolved_within=400.0, alone=True),
)
