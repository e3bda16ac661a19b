"""What a target would have burnt, and which burn-rate alerts would have fired, by events of each five minutes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from pantrywatch.config.durations import seconds
from pantrywatch.config.targets import PERIOD_DAYS, Target, Targets, Tier

STEP_SECONDS = 300
STEPS = PERIOD_DAYS * 86400 // STEP_SECONDS


@dataclass(frozen=True, slots=True)
class Events:
    """Events of 30 days, a number for each five minutes; None: not measured."""

    total: Sequence[float | None]
    bad: Sequence[float | None]

    def measured(self) -> int:
        """Return how many of the five minutes were measured."""
        return sum(value is not None for value in self.total)


@dataclass(frozen=True, slots=True)
class Fired:
    """How often an alert of a severity would have begun to fire, and for how many five minutes in all."""

    severity: str
    times: int
    steps: int


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome; `spent`: bad events as a share of those that 30 days of this traffic allow."""

    events: float
    good_share: float | None
    spent: float | None
    measured_days: float
    fired: tuple[Fired, ...]


def tried(target: Target, targets: Targets, events: Events) -> Trial:
    """Return what the target would have done; its alerts to within five minutes, for that is the step."""
    total, bad = _sums(events.total), _sums(events.bad)
    measured = events.measured()
    allowance = target.allowed_share * total[-1] / measured * STEPS if measured else 0.0
    return Trial(
        total[-1],
        1 - bad[-1] / total[-1] if total[-1] > 0 else None,
        bad[-1] / allowance if allowance > 0 else None,
        measured * STEP_SECONDS / 86400,
        tuple(
            _fired(tier, _holds(tier, target, targets, (total, bad, allowance)))
            for tier in targets.tiers
            if tier.can_fire(target)
        ),
    )


def _holds(
    tier: Tier, target: Target, targets: Targets, sums: tuple[Sequence[float], Sequence[float], float]
) -> list[bool]:
    """Return for each five minutes whether the condition of alert_rules/lib/burn.libsonnet holds for the tier."""
    total, bad, allowance = sums
    allowed, sigmas = target.allowed_share, targets.minimum_sigmas
    skew = round((sigmas**2 - 1) / 6, 1)
    long, short = (seconds(window) // STEP_SECONDS for window in (tier.long, tier.short))
    found = []
    for end in range(1, len(total)):
        long_bad, long_total = _window(bad, end, long), _window(total, end, long)
        short_total = _window(total, end, short)
        chance = allowed * long_total + skew + sigmas * math.sqrt(allowed * (1 - allowed) * long_total)
        least = max(tier.budget_share * allowance, targets.minimum_bad_events - 0.5, chance)
        burns = short_total > 0 and _window(bad, end, short) / short_total > tier.factor * allowed
        found.append(burns and long_bad > least)
    return found


def _fired(tier: Tier, holds: Sequence[bool]) -> Fired:
    """Count the times that the condition held for as long as the tier waits."""
    waits = math.ceil(seconds(tier.wait) / STEP_SECONDS)
    times = steps = run = 0
    for holding in holds:
        run = run + 1 if holding else 0
        times += run == waits + 1
        steps += run > waits
    return Fired(tier.severity, times, steps)


def _sums(values: Sequence[float | None]) -> list[float]:
    return list(accumulate((value or 0.0 for value in values), initial=0.0))


def _window(sums: Sequence[float], end: int, steps: int) -> float:
    return sums[end] - sums[max(0, end - steps)]
