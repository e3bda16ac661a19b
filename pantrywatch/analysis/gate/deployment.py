"""The verdict on a deployment: each promise, judged so that all of them together are rarely wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pantrywatch.analysis.gate.change import Spans
from pantrywatch.analysis.gate.durations import LEAST_EVENTS, Buckets
from pantrywatch.analysis.gate.judgement import Finding, Verdict, judge_durations, judge_share
from pantrywatch.analysis.gate.shares import Counts, sum_of

# A deployment that changed nothing is called worse, by any promise, no more often than this. Durations need little of
# it: at 300 requests a minute a quarter of an hour shows 1.3 times by far. The rest is for shares.
_FALSE_OF_DURATIONS, _FALSE_OF_SHARES = 0.005, 0.045
# Shares get nearly all of it where it decides: with fewer bad events than these even twice as many are chance, and with
# more they are found anyway, as is what breaks altogether.
_DECISIVE_BAD = (8, 80)
_DECISIVE_WEIGHT, _OTHER_WEIGHT = 1.0, 0.02
_LEAST_CHANCE = 1e-9  # of a promise without events, which has no verdict


@dataclass(frozen=True, slots=True)
class DurationsOf:
    """A promise about durations: this week, the last where it can be compared, and the histogram's edges."""

    id: str
    now: Spans[Buckets]
    week_ago: Spans[Buckets] | None
    edges: Sequence[float]


@dataclass(frozen=True, slots=True)
class SharesOf:
    """A promise about a share of bad events: this week, and the last where it can be compared."""

    id: str
    now: Spans[Counts]
    week_ago: Spans[Counts] | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A promise and what was found: the worst of its measures is its verdict."""

    id: str
    findings: Sequence[Finding]

    @property
    def verdict(self) -> Verdict:
        """The verdict: better needs a measure that is, and none that is worse or unknown."""
        found = {finding.verdict for finding in self.findings}
        order: tuple[Verdict, ...] = ("worse", "too little data", "better", "same")
        return next((verdict for verdict in order if verdict in found), "too little data")

    @property
    def minutes(self) -> int | None:
        """How many minutes would be enough for all of its measures; None where no time is."""
        needed = [finding.minutes for finding in self.findings if finding.verdict == "too little data"]
        known = [minutes for minutes in needed if minutes is not None]
        return max(known, default=0) if len(known) == len(needed) else None


Promise = DurationsOf | SharesOf


def judge(promises: Sequence[Promise]) -> list[Judged]:
    """Return the verdict on each promise, in their order."""
    return [judge_one(promise, chance) for promise, chance in zip(promises, chances(promises), strict=True)]


def judge_one(promise: Promise, chance: float) -> Judged:
    """Return the verdict on a promise that is wrongly called worse by this chance."""
    if isinstance(promise, DurationsOf):
        return Judged(promise.id, judge_durations(promise.now, promise.week_ago, promise.edges, chance))
    return Judged(promise.id, [judge_share(promise.now, promise.week_ago, chance)])


def chances(promises: Sequence[Promise]) -> list[float]:
    """Return the chance of each promise to be wrongly called worse.

    It follows from the time before and the traffic alone, never from what is to be judged.
    """
    weights = [_weight(one) for one in promises]
    of_durations, of_shares = (
        share / (math.fsum(w for w, one in zip(weights, promises, strict=True) if isinstance(one, kind)) or 1.0)
        for share, kind in ((_FALSE_OF_DURATIONS, DurationsOf), (_FALSE_OF_SHARES, SharesOf))
    )
    return [
        max(_LEAST_CHANCE, weight * (of_durations if isinstance(one, DurationsOf) else of_shares))
        for weight, one in zip(weights, promises, strict=True)
    ]


def _weight(promise: Promise) -> float:
    if isinstance(promise, DurationsOf):
        spans = (promise.now.before, promise.now.after)
        return float(all(math.fsum(map(sum, blocks)) >= LEAST_EVENTS for blocks in spans))
    before, after = sum_of(promise.now.before), sum_of(promise.now.after)
    low, high = _DECISIVE_BAD
    return _DECISIVE_WEIGHT if low <= (before.share or 0.0) * after.total <= high else _OTHER_WEIGHT
