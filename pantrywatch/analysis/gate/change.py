"""How something changed between two spans of time, and what changes it without any deployment."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Generic, TypeVar

Block = TypeVar("Block")
BLOCK_SECONDS = 300
HOUR_BLOCKS = 3600 // BLOCK_SECONDS
# How long before a deployment says how much things change without one.
QUIET_HOURS = 3
_BEYOND_CHANCE = 3.0  # standard deviations


@dataclass(frozen=True, slots=True)
class Spans(Generic[Block]):
    """Blocks of five minutes before and after a moment, the oldest first. There may be any number of each."""

    before: Sequence[Block]
    after: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Change:
    """The logarithm of a ratio, after to before, and the variance of that."""

    log_ratio: float
    variance: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A ratio, after to before, and the bounds that it is within."""

    low: float
    ratio: float
    high: float


@dataclass(frozen=True, slots=True)
class Habit:
    """What a ratio does without any deployment: its logarithm differs by so much from one hour to the next."""

    usual: float  # the standard deviation even of what is measured very well
    of_the_clock: float  # that of what comes back each week, such as a busy morning

    def at_least(self, variance: float) -> Habit:
        """Return it with no less than what was seen."""
        return Habit(max(self.usual, math.sqrt(variance)), self.of_the_clock)


def by_the_clock(week_ago: Change | None, habit: Habit) -> Change:
    """Return what to expect of this hour of the week, from the change at the same time a week ago.

    A change that may be chance counts for little, since it would add its own noise; one of three standard deviations
    counts in full. One of two is chance once in twenty times, and would hide what really became worse.
    """
    prior = habit.of_the_clock**2
    if week_ago is None:
        return Change(0.0, prior)
    noise = week_ago.variance + habit.usual**2
    if week_ago.log_ratio**2 > _BEYOND_CHANCE**2 * noise:
        prior = max(prior, week_ago.log_ratio**2 - noise)
    trust = prior / (prior + noise)
    return Change(trust * week_ago.log_ratio, trust * noise)


def unsteadiness(
    now: Spans[Block],
    week_ago: Spans[Block] | None,
    change_of: Callable[[Spans[Block]], Change | None],
) -> float:
    """Return the variance of changes between an hour and what follows it while nothing was deployed.

    Of the hours before the deployment: how much more than its own noise explains each change differs from that of a
    week ago at the same time; where there was none, from no change at all. At least 0: less than chance is chance.
    """
    width = len(now.after)
    found = []
    for index, quiet in enumerate(_quiet(now, width)):
        change = change_of(quiet)
        usual = Change(0.0, 0.0) if week_ago is None else change_of(_quiet(week_ago, width)[index])
        if change and usual:
            found.append(Change(change.log_ratio - usual.log_ratio, change.variance + usual.variance))
    if not found:
        return 0.0
    noise = fmean(change.variance for change in found)
    # They overlap by half.
    chance = noise * math.sqrt(4 / len(found))
    beyond = fmean(change.log_ratio**2 for change in found) - noise - chance
    return max(0.0, beyond) / (1 if week_ago is None else 2)


def _quiet(spans: Spans[Block], width: int) -> list[Spans[Block]]:
    before = spans.before[-QUIET_HOURS * HOUR_BLOCKS :]
    middles = range(HOUR_BLOCKS, len(before) - width + 1, max(1, width // 2))
    return [Spans(before[at - HOUR_BLOCKS : at], before[at : at + width]) for at in middles]


def sum_of_squares(deviations: Sequence[float]) -> float:
    """Return the sum of squared deviations of blocks from what they have in common, by how each differs from the next.

    So that a rise over the hour does not count as noise. 0 for fewer than two.
    """
    if len(deviations) < 2:
        return 0.0
    steps = math.fsum((later - earlier) ** 2 for earlier, later in pairwise(deviations))
    return steps / 2 * len(deviations) / (len(deviations) - 1)
