"""What each fault must bring, and what is tolerated: declared, so that anything else is a finding.

A bound counts in evaluation intervals of the rules (15 s at their own pace) from the fault to the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.gameday.stack import FiredAlert

# These may come at any time, and why.
EVERYWHERE = {
    FiredAlert(
        "CrmHostCpuSaturated", "medium"
    ): "the machine does other work than the demo's, above all where a test shares it",
}

_BURN = "the fault uses up the month's allowance of this target as well"
_CHECK = "a check of the journey or of the server meets the fault too"
_ERRORS = "the API answers 5xx where it cannot reach what it needs"
_SLOW = "routes take longer than a second"
_NO_CONNECTION = "background queries that found no connection fail until their next run"
_GONE = "the group of processes is gone with the server"

# What a database that is gone takes with it, where it is gone for long enough.
_LOST = {
    ("CrmApiErrorRateBurn", "critical"): _BURN,
    ("CrmApiAvailabilityBurn", "critical"): _BURN,
    ("CrmDbAvailabilityBurn", "critical"): _BURN,
    ("CrmSystemAvailabilityBurn", "critical"): _BURN,
    ("CrmSyntheticCheckFailing", "medium"): _CHECK,
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """A fault's row: required alerts with severity and the most evaluations they may take; the rest in words."""

    fault: str
    required: Mapping[tuple[str, str], int]
    consequences: Mapping[tuple[str, str], str] = field(default_factory=dict)
    resolved_within: float = 120.0
    # It needs the machine for itself.
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
        {("CrmDatabaseDown", "critical"): 30, ("CrmApiErrorsSudden", "critical"): 50},
        _LOST | {("CrmHostProcessGroupGone", "medium"): _GONE},
    ),
    Expectation(
        "database-frozen",
        {("CrmDatabaseDown", "critical"): 40, ("CrmApiErrorsSudden", "critical"): 50},
        _LOST,
    ),
    Expectation(
        "lock-pile-up",
        # A queue that is short in one scrape of the two minutes begins anew.
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
            ("CrmApiErrorsSudden", "critical"): _ERRORS,
            ("CrmDbErrorRateBurn", "critical"): _BURN,
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
    Expectation("login-brute-force", {("CrmApiFailedLoginsBurst", "critical"): 40}),
    # Over when the machine has nothing else to do either.
    Expectation("cpu-burn", {("CrmHostCpuSaturated", "medium"): 160}, resolved_within=400.0, alone=True),
)
