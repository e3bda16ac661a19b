"""The verdict on one measure of a promise: better, worse, same, or too little data to say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from pantrywatch.analysis.gate import durations, shares
from pantrywatch.analysis.gate.change import (
    BLOCK_SECONDS,
    HOUR_BLOCKS,
    Block,
    Change,
    Habit,
    Interval,
    Spans,
    by_the_clock,
    unsteadiness,
)
from pantrywatch.analysis.gate.durations import QUANTILES, Buckets, Quantile
from pantrywatch.analysis.gate.shares import Counts

Verdict = Literal["better", "worse", "same", "too little data"]
SHARE = "share of bad events"
# The least worsening that must not be missed, as a ratio: "same" excludes it.
DURATIONS_MATTER, SHARES_MATTER = 1.3, 2.0
# A change of durations by less is none that anybody would roll back for.
_TOLERATED = math.log(1.02)
_HABIT_OF_DURATIONS = Habit(usual=0.02, of_the_clock=0.05)
_HABIT_OF_SHARES = Habit(usual=0.06, of_the_clock=0.05)
# One failed check, or two, after a day without any is beyond chance, and yet not to be blamed. Counts are fractions.
_LEAST_BAD = 2.5
_NORMAL = NormalDist()
# The chance to find what matters, within the minutes that are named as enough.
_FOUND = 0.95


def matters(measure: str) -> float:
    """Return the least worsening of a measure that must not be missed."""
    return SHARES_MATTER if measure == SHARE else DURATIONS_MATTER


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure: what it was and is, the change between, and the minutes after which a worsening would be found.

    `interval` is None without events; `minutes` where no time is enough, since nothing bad was seen or it differs too
    much by itself.
    """

    measure: str
    verdict: Verdict
    interval: Interval | None
    before: float | None
    after: float | None
    minutes: int | None = None


def judge_durations(
    now: Spans[Buckets], week_ago: Spans[Buckets] | None, edges: Sequence[float], chance: float
) -> list[Finding]:
    """Return a finding for each of the quantiles. `chance`: that any of them is wrongly called worse."""
    return [_quantile(now, week_ago, edges, quantile, chance / len(QUANTILES)) for quantile in QUANTILES]


def _quantile(
    now: Spans[Buckets], week_ago: Spans[Buckets] | None, edges: Sequence[float], quantile: float, chance: float
) -> Finding:
    hours = [_last_hour(one) for one in (now, week_ago) if one]
    excess = durations.excess_of_blocks([one.before for one in hours], edges, quantile)

    def change_of(spans: Spans[Buckets]) -> Change | None:
        return durations.change_of_quantile(spans, edges, quantile, excess)

    before, after = (durations.quantile_of(blocks, edges, quantile) for blocks in (hours[0].before, now.after))
    measure = f"p{quantile * 100:.0f}"
    if before is None or after is None:
        return Finding(measure, "too little data", None, _value(before), _value(after))
    habit = _HABIT_OF_DURATIONS.at_least(unsteadiness(now, week_ago, change_of))
    usual = by_the_clock(change_of(hours[1]) if week_ago else None, habit)
    constant = usual.variance + habit.usual**2 + excess * before.variance
    reach = _sigmas(chance) * math.sqrt(constant + excess * after.variance)
    interval = _around(after.log_value - before.log_value - usual.log_ratio, reach, reach)
    size = math.log(DURATIONS_MATTER) - _TOLERATED
    minutes = _minutes(excess * after.variance * len(now.after), constant, size, chance)
    verdict = _verdict(interval, _TOLERATED, DURATIONS_MATTER, is_enough=_is_enough(minutes, now))
    return Finding(measure, verdict, interval, _value(before), _value(after), minutes)


def _last_hour(spans: Spans[Buckets]) -> Spans[Buckets]:
    return Spans(spans.before[-HOUR_BLOCKS:], spans.after)


def _value(quantile: Quantile | None) -> float | None:
    return math.exp(quantile.log_value) if quantile else None


def judge_share(now: Spans[Counts], week_ago: Spans[Counts] | None, chance: float) -> Finding:
    """Return the finding about the share of bad events. `chance`: that it is wrongly called worse."""
    excess = shares.excess_of_blocks([one.before for one in (now, week_ago) if one])

    def change_of(spans: Spans[Counts]) -> Change | None:
        return shares.change_of_share(spans, excess)

    habit = _HABIT_OF_SHARES.at_least(unsteadiness(now, week_ago, change_of))
    now = shares.with_enough_before(now)
    if week_ago:
        week_ago = Spans(week_ago.before[-len(now.before) :], week_ago.after)
    before, after = shares.sum_of(now.before), shares.sum_of(now.after)
    found = shares.interval_of_share(before, after, excess, chance)
    if found is None:
        return Finding(SHARE, "too little data", None, before.share, after.share)
    usual = by_the_clock(change_of(week_ago) if week_ago else None, habit)
    unsure = usual.variance + habit.usual**2
    interval = _moved(found, usual.log_ratio, _sigmas(chance) * math.sqrt(unsure))
    bad_in_a_block = (before.share or 0.0) * after.total / len(now.after)
    minutes = _minutes_of_share(bad_in_a_block, before, excess, unsure, chance)
    verdict = _verdict(interval, 0.0, SHARES_MATTER, is_enough=_is_enough(minutes, now))
    if verdict == "worse" and after.bad < _LEAST_BAD:
        verdict = "too little data"
    return Finding(SHARE, verdict, interval, before.share, after.share, minutes)


def _minutes_of_share(bad_in_a_block: float, before: Counts, excess: float, unsure: float, chance: float) -> int | None:
    if not bad_in_a_block:
        return None
    return _minutes(excess / bad_in_a_block, unsure + excess / (before.bad + 0.5), math.log(SHARES_MATTER), chance)


def _sigmas(chance: float) -> float:
    return -_NORMAL.inv_cdf(chance)


def _around(middle: float, below: float, above: float) -> Interval:
    return Interval(math.exp(middle - below), math.exp(middle), math.exp(middle + above))


def _moved(interval: Interval, by: float, reach: float) -> Interval:
    """Return the interval less what is usual, and widened by what that is uncertain by: squares add up (MOVER)."""
    middle = math.log(interval.ratio)
    below = math.hypot(middle - math.log(interval.low), reach) if interval.low > 0 else math.inf
    above = math.hypot(math.log(interval.high) - middle, reach)
    return _around(middle - by, below, above)


def _verdict(interval: Interval, tolerated: float, matters: float, *, is_enough: bool) -> Verdict:
    if interval.low > math.exp(tolerated):
        return "worse"
    if interval.high < math.exp(-tolerated):
        return "better"
    return "same" if is_enough and interval.high < matters else "too little data"


def _is_enough(minutes: int | None, spans: Spans[Block]) -> bool:
    """Return whether so much time would show a worsening that matters: without it nothing is called the same."""
    return minutes is not None and minutes * 60 <= len(spans.after) * BLOCK_SECONDS


def _minutes(variance_of_a_block: float, constant: float, size: float, chance: float) -> int | None:
    """Return after how many minutes a worsening of this size would be found, None if never."""
    left = (size / (_sigmas(chance) + _NORMAL.inv_cdf(_FOUND))) ** 2 - constant
    return math.ceil(variance_of_a_block / left) * BLOCK_SECONDS // 60 if left > 0 else None
