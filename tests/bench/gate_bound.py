"""How often the best test that there can be finds twice as many errors: the bound of `bench gate --bound`.

It knows what no gate does: the usual share, and exactly how shares wander by themselves (as in gate_world.py). By the
lemma of Neyman and Pearson no test finds more at the same chance to be wrong than the one by the ratio of the two
likelihoods; they are computed by a filter over a grid of where the wandering share may be.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from pantrywatch.analysis.gate.change import BLOCK_SECONDS, HOUR_BLOCKS

_NORMAL = NormalDist()
_POINTS, _WIDTH = 25, 3.2  # of the grid, in standard deviations
_MEMORY_SECONDS = 3 * 3600.0
_BEFORE = 4 * HOUR_BLOCKS
_FACTOR = 2.0
_Belief = Sequence[float]


@dataclass(frozen=True, slots=True)
class Bound:
    """Errors of five minutes whose logarithm wanders by `spread`, and blocks of five minutes since a deployment."""

    errors: float
    spread: float
    blocks: int = 3

    def found(self, count: int, chances: Sequence[float], seed: int) -> Iterator[float]:
        """Yield for each chance to be wrong how often a doubling is found, of so many deployments."""
        draw = random.Random(seed)
        unchanged = sorted(self._log_ratio(self._drawn(draw, 1.0)) for _ in range(count))
        doubled = [self._log_ratio(self._drawn(draw, _FACTOR)) for _ in range(count)]
        for chance in chances:
            least = unchanged[math.ceil((1 - chance) * count) - 1]
            yield sum(value > least for value in doubled) / count

    def _drawn(self, draw: random.Random, factor: float) -> list[int]:
        keeps, wandering, found = _keeps(), draw.gauss(0, 1), []
        for number in range(_BEFORE + 1 + self.blocks):
            wandering = keeps * wandering + math.sqrt(1 - keeps**2) * draw.gauss(0, 1)
            expected = self.errors * math.exp(self.spread * wandering)
            found.append(_poisson(draw, expected * (factor if number > _BEFORE else 1.0)))
        return found

    def _log_ratio(self, counts: Sequence[int]) -> float:
        """Return the logarithm of the ratio of the likelihoods: of a doubling, and of none."""
        belief: _Belief = [_NORMAL.pdf(point) for point in _points()]
        for count in counts[:_BEFORE]:
            belief, _ = self._after(belief, count, 1.0)
        belief = _moved(belief)  # the block that the deployment falls into is left out
        return self._log_likelihood(belief, counts[_BEFORE + 1 :], _FACTOR) - self._log_likelihood(
            belief, counts[_BEFORE + 1 :], 1.0
        )

    def _log_likelihood(self, belief: _Belief, counts: Sequence[int], factor: float) -> float:
        found = 0.0
        for count in counts:
            belief, log_share = self._after(belief, count, factor)
            found += log_share
        return found

    def _after(self, belief: _Belief, count: int, factor: float) -> tuple[list[float], float]:
        """Return what is believed after a block with this count, and the logarithm of how likely that was."""
        rates = [factor * self.errors * math.exp(self.spread * point) for point in _points()]
        likely = [p * math.exp(count * math.log(rate) - rate) for p, rate in zip(_moved(belief), rates, strict=True)]
        total = math.fsum(likely)
        return [p / total for p in likely], math.log(total)


def _keeps() -> float:
    return math.exp(-BLOCK_SECONDS / _MEMORY_SECONDS)


def _points() -> list[float]:
    return [_WIDTH * (2 * number / (_POINTS - 1) - 1) for number in range(_POINTS)]


def _rows() -> list[list[float]]:
    """Return where each point of the grid is five minutes later."""
    keeps, deviation = _keeps(), math.sqrt(1 - _keeps() ** 2)
    rows = [[_NORMAL.pdf((to - keeps * at) / deviation) for to in _points()] for at in _points()]
    return [[value / math.fsum(row) for value in row] for row in rows]


_COLUMNS = list(zip(*_rows(), strict=True))


def _moved(belief: _Belief) -> list[float]:
    total = math.fsum(belief)
    return [math.fsum(p * share for p, share in zip(belief, column, strict=True)) / total for column in _COLUMNS]


def _poisson(draw: random.Random, expected: float) -> int:
    """Return a number of events, by Knuth's product of uniform numbers; few are expected."""
    left, count = math.exp(-expected), 0
    product = draw.random()
    while product > left:
        product *= draw.random()
        count += 1
    return count
