"""What the gate found. `Outcome` is also the document that `--json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pantrywatch.analysis.gate.judgement import Finding, Verdict

PASSED, WORSE, TOO_LITTLE = 0, 1, 3


@dataclass(frozen=True, slots=True)
class PromiseOutcome:
    """A promise with events: its verdict, the minutes that would be enough (None: no time is), and its measures.

    `unit` is that of its quantiles; shares have none.
    """

    id: str
    title: str
    unit: str
    verdict: Verdict
    minutes: int | None
    findings: Sequence[Finding]

    @property
    def telling(self) -> Finding:
        """The measure that the verdict is from; of several, that which changed most."""
        found = [finding for finding in self.findings if finding.verdict == self.verdict] or list(self.findings)
        return max(found, key=lambda finding: finding.interval.ratio if finding.interval else 0.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A deployment at `since`, in Unix seconds, after so many minutes.

    `version` is None where a time was named; `last_week`: whether the same hours a week ago could be compared.
    `unmeasured`: promises without any event. `undecided`: those that were required, and are not decided.
    `left_out_minutes`: other versions and incidents in the time that it is compared with.
    """

    version: str | None
    since: float
    minutes: int
    last_week: bool
    verdict: Literal["worse", "not worse", "too little data"]
    exit_code: int
    promises: Sequence[PromiseOutcome]
    unmeasured: Sequence[str]
    undecided: Sequence[str]
    left_out_minutes: int = 0

    def of(self, verdict: Verdict) -> list[str]:
        """Return the ids of the promises with this verdict."""
        return [one.id for one in self.promises if one.verdict == verdict]


def concluded(
    promises: Sequence[PromiseOutcome], required: Sequence[str]
) -> tuple[Literal["worse", "not worse", "too little data"], int, list[str]]:
    """Return the verdict on all of them, the exit code, and what was required and is not decided."""
    decided = [one.id for one in promises if one.verdict != "too little data"]
    undecided = [id_ for id_ in required if id_ not in decided]
    if any(one.verdict == "worse" for one in promises):
        return "worse", WORSE, undecided
    if undecided or not decided:
        return "too little data", TOO_LITTLE, undecided
    return "not worse", PASSED, undecided
