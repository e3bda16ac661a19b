"""What each fault must bring, and what may come along: declared, so that anything else is a finding.

A bound counts in evaluation intervals of the rules (15 s at their own pace) from the fault to the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pantrywatch.gameday.stack import Seen

# These may come at any time, and why.
EVERYWHERE = {
    "CrmHostCpuSaturated": "the machine does other work than the demo's, above all where a test shares it",
}

_BURN = "the month's allowance of this target burns as long as the fault lasts, and its longer windows remember it"
_CHECK = "a check of the journey or of the server meets the fault too"
_ERRORS = "the API answers 5xx where it cannot reach what it needs"
_SLOW = "routes take longer than a second"
_NO_CONNECTION = "background queries that found no connection fail until their next run, also into the fault after"
_GONE = "the group of processes is gone with the server"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A fault's row: required alerts with severity and the most evaluations they may take; the rest in words.

    `out_of_reach` are alerts that the fault must bring too, by their tier after more time than a game day has.
    """

    fault: str
    required: Mapping[tuple[str, str], int]
    consequences: Mapping[str, str] = field(default_factory=dict)
    out_of_reach: Mapping[str, str] = field(default_factory=dict)
    settle: float = 90.0
    clears_within: float = 90.0

    def seen(self) -> dict[Seen, int]:
        """Return the required alerts with their bounds."""
        return {Seen(*name): most for name, most in self.required.items()}

    def declared(self) -> set[str]:
        """Return the names of all that may come along, or will come later than a game day lasts."""
        return {*self.consequences, *self.out_of_reach}


MATRIX = (
    Expectation(
        "api-errors",
        {("CrmApiErrorsSudden", "critical"): 40, ("CrmApiErrorRateBurn", "critical"): 60},
        {"CrmSystemAvailabilityBurn": _CHECK, "CrmSyntheticCheckFailing": _CHECK},
    ),
    Expectation(
        "slow-api",
        # 72 % of an hour must be slow, which takes 44 minutes.
        {("CrmApiLatencyBurn", "critical"): 260},
        {"CrmApiRouteSlow": _SLOW},
    ),
    Expectation(
        "third-party-down",
        {("CrmApiThirdPartyFailing", "high"): 60},
        {
            "CrmIntegrationErrorRateBurn": _BURN,
            "CrmSyntheticCheckFailing": _CHECK,
            "CrmApiLatencyBurn": _BURN,
        },
    ),
    Expectation(
        "slow-database",
        # As above.
        {("CrmDbQueryLatencyBurn", "critical"): 260},
        {"CrmApiLatencyBurn": _BURN, "CrmApiRouteSlow": _SLOW},
    ),
    Expectation(
        "database-stopped",
        {("CrmDatabaseDown", "critical"): 30},
        {
            "CrmApiErrorsSudden": _ERRORS,
            "CrmApiErrorRateBurn": _ERRORS,
            "CrmApiAvailabilityBurn": _CHECK,
            "CrmDbAvailabilityBurn": _BURN,
            "CrmSystemAvailabilityBurn": _CHECK,
            "CrmSyntheticCheckFailing": _CHECK,
            "CrmHostProcessGroupGone": _GONE,
            "CrmApiRouteSlow": _SLOW,
        },
    ),
    Expectation(
        "database-frozen",
        {("CrmDatabaseDown", "critical"): 40},
        {
            "CrmApiErrorsSudden": _ERRORS,
            "CrmApiErrorRateBurn": _ERRORS,
            "CrmApiAvailabilityBurn": _CHECK,
            "CrmApiLatencyBurn": _BURN,
            "CrmApiRouteSlow": _SLOW,
            "CrmDbAvailabilityBurn": _BURN,
            "CrmSystemAvailabilityBurn": _CHECK,
            "CrmSyntheticCheckFailing": _CHECK,
        },
    ),
    Expectation(
        "lock-pile-up",
        {("CrmDatabaseLockQueue", "high"): 60},
        {
            "CrmApiSlow": _SLOW,
            "CrmApiRouteSlow": _SLOW,
            "CrmApiErrorsSudden": _ERRORS,
            "CrmApiErrorRateBurn": _ERRORS,
            "CrmApiLatencyBurn": _BURN,
            "CrmDbErrorRateBurn": _BURN,
            "CrmDbQueryLatencyBurn": _BURN,
            "CrmSystemAvailabilityBurn": _CHECK,
            "CrmSyntheticCheckFailing": _CHECK,
        },
    ),
    Expectation(
        "connections-used-up",
        {("CrmDatabaseConnectionsNearLimit", "critical"): 40},
        {
            "CrmDbAvailabilityBurn": _BURN,
            "CrmApiErrorsSudden": _ERRORS,
            "CrmApiErrorRateBurn": _ERRORS,
            "CrmApiRouteSlow": _SLOW,
            "CrmMonitoringCollectorFailing": _NO_CONNECTION,
            "CrmSyntheticCheckFailing": _CHECK,
        },
    ),
    Expectation(
        "cache-stopped",
        {("CrmCacheDown", "high"): 40},
        {
            "CrmSyntheticCheckFailing": _CHECK,
            "CrmHostProcessGroupGone": _GONE,
            "CrmApiLatencyBurn": _BURN,
            "CrmMonitoringCollectorFailing": _NO_CONNECTION,
        },
    ),
    Expectation(
        "login-brute-force",
        {("CrmApiFailedLoginsBurst", "critical"): 40},
        {"CrmApiFailedLogins": "the same log-ins, counted over an hour"},
    ),
    Expectation(
        "cpu-burn",
        {("CrmHostCpuSaturated", "medium"): 120},
        {"CrmApiLatencyBurn": _BURN, "CrmApiRouteSlow": "there is no core left for it"},
    ),
    Expectation(
        "cache-cold",
        {},
        out_of_reach={"CrmCacheHitRatioBurn": "60 % of six hours must miss: 3.6 hours"},
    ),
)
