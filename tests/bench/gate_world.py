"""A made-up application for `bench gate`: promises on traffic with a daily rhythm that wanders by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from demo.history.activity import WEEK, day_and_hour_noise, share_of_peak
from demo.history.noise import Noise, Wander
from pantrywatch.analysis.gate.change import BLOCK_SECONDS, HOUR_BLOCKS, QUIET_HOURS, Block, Spans
from pantrywatch.analysis.gate.deployment import DurationsOf, SharesOf
from pantrywatch.analysis.gate.durations import Buckets
from pantrywatch.analysis.gate.shares import MOST_HOURS, Counts

_QUIET = QUIET_HOURS * HOUR_BLOCKS
_BEFORE = MOST_HOURS * HOUR_BLOCKS
_MEMORY_SECONDS = 3 * 3600.0
# As demo/history/golden.py: how far durations wander, and what part of them there is without load.
_DURATION_SPREAD, _IDLE = 0.05, 0.6
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is deployed, how many blocks of five minutes are known since, and how far shares wander."""

    seed: int
    at: float
    blocks: int = 3
    share_spread: float = 0.15


@dataclass(frozen=True, slots=True)
class Durations:
    """A promise about durations: log-normal, `p95` at the peak with `per_minute` events."""

    id: str
    per_minute: float
    edges: Sequence[float]
    p95: float
    sigma: float
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Errors:
    """A promise about a share of bad events."""

    id: str
    per_minute: float
    share: float
    factor: float = 1.0


class World:
    """All that one deployment sees: the same moment of this week and of the last one."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        busier = day_and_hour_noise(moment.seed, BLOCK_SECONDS)
        self._times = [
            week + (number - _BEFORE) * BLOCK_SECONDS
            for week in (moment.at - WEEK, moment.at)
            for number in range(_BEFORE + moment.blocks)
        ]
        self._busy = [share_of_peak(at + BLOCK_SECONDS / 2) * busier() for at in self._times]

    def durations(self, promise: Durations) -> DurationsOf:
        """Return what the gate would read of it."""
        noise, wander = Noise(self._moment.seed, promise.id), self._wander(promise.id, _DURATION_SPREAD)
        blocks: list[Buckets] = []
        for number, busy in enumerate(self._busy):
            if self._is_early(number):
                blocks.append(())
                continue
            factor = (_IDLE + (1 - _IDLE) * busy) * wander[number] * (promise.factor if self._is_after(number) else 1.0)
            median = math.log(promise.p95 * factor) - 1.645 * promise.sigma
            below = [_NORMAL.cdf((math.log(edge) - median) / promise.sigma) for edge in promise.edges]
            events = self._events(promise.per_minute, busy)
            blocks.append([noise.poisson(events * (b - a)) for a, b in zip([0.0, *below], [*below, 1.0], strict=True)])
        now, week_ago = (Spans(week.before[-_QUIET:], week.after) for week in self._weeks(blocks))
        return DurationsOf(promise.id, now, week_ago, promise.edges)

    def errors(self, promise: Errors) -> SharesOf:
        """Return what the gate would read of it."""
        noise, wander = Noise(self._moment.seed, promise.id), self._wander(promise.id, self._moment.share_spread)
        blocks: list[Counts] = []
        for number, busy in enumerate(self._busy):
            share = min(1.0, promise.share * wander[number] * (promise.factor if self._is_after(number) else 1.0))
            events = self._events(promise.per_minute, busy)
            bad = noise.poisson(events * share)
            blocks.append(Counts(bad + noise.poisson(events * (1 - share)), bad))
        return SharesOf(promise.id, *self._weeks(blocks))

    def _events(self, per_minute: float, busy: float) -> float:
        return per_minute * BLOCK_SECONDS / 60 * busy

    def _wander(self, name: str, spread: float) -> list[float]:
        """Return a factor for each block; the two weeks have forgotten each other."""
        found = []
        for week in range(2):
            wander = Wander(Noise(self._moment.seed, name, week, "wander"), _MEMORY_SECONDS, BLOCK_SECONDS)
            found += [math.exp(spread * wander.next()) for _ in range(len(self._times) // 2)]
        return found

    def _is_after(self, number: int) -> bool:
        return number >= len(self._times) // 2 + _BEFORE

    def _is_early(self, number: int) -> bool:
        """Return whether it is too long before for the durations to matter."""
        return number % (len(self._times) // 2) < _BEFORE - _QUIET

    def _weeks(self, blocks: Sequence[Block]) -> tuple[Spans[Block], Spans[Block]]:
        half = len(blocks) // 2
        last, this = blocks[:half], blocks[half:]
        return Spans(this[:_BEFORE], this[_BEFORE:]), Spans(last[:_BEFORE], last[_BEFORE:])
