"""The alerts each fault must cause, and tolerated side effects; anything else is a finding.

A bound counts in evaluation intervals of the rules (15 s at normal speed) from the fault to the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.gameday.stack import FiredAlert

# Alerts that are true of a machine which other work keeps busy: tolerated only where that was measured.
ON_A_BUSY_MACHINE = {
    FiredAlert("CrmHostCpuSaturated", "medium"): "tasks wait for a processor",
    FiredAlert("CrmMonitoringRuleGroupSlow", "medium"): "rules are evaluated late",
    FiredAlert("CrmMonitoringScrapeSlow", "medium"): "scrapes are answered late",
    FiredAlert("CrmTargetMissedNow", "medium"): "requests and checks wait for a processor",
}

# Alerts that are true of a demo that has just begun: tolerated before its fault.
AT_THE_START = {
    FiredAlert("CrmTargetMissedNow", "medium"): "its cache begins empty, and at night few lookups fill it",
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
    # Its alerts compare with a day of the statements' past, which is made up before.
    remembers: bool = False
    # It mounts a file system: not played by a user who may not.
    mounts: bool = False

    def seen(self) -> dict[FiredAlert, int]:
        """Return the required alerts with their bounds."""
        return {FiredAlert(*name): most for name, most in self.required.items()}

    def tolerated(self) -> dict[FiredAlert, str]:
        """Return the side effects that are tolerated, each with its reason."""
        return {FiredAlert(*name): reason for name, reason in self.consequences.items()}
