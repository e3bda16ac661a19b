"""Reproducible noise: the same name gives the same numbers; made of random() alone, whose values Python guarantees."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

_NORMAL = NormalDist()
_MANY = 30


class Noise:
    """Draws from one seeded stream."""

    def __init__(self, *name: object) -> None:
        self._random = random.Random(" ".join(("history", *map(str, name)))).random

    def between(self, low: float, high: float) -> float:
        """Uniform."""
        return low + (high - low) * self._random()

    def magnitude(self, low: float, high: float) -> float:
        """Uniform in the logarithm: each order of magnitude is as likely as the next."""
        return low * math.exp(math.log(high / low) * self._random())

    def below(self, count: int) -> int:
        """0 … count-1, uniform."""
        return int(self._random() * count)

    def normal(self) -> float:
        """Mean 0, standard deviation 1."""
        return _NORMAL.inv_cdf(self._random() or 0.5)

    def poisson(self, expected: float) -> int:
        """The number of events where so many are expected; from 30 on rounded from a normal number."""
        if expected >= _MANY:
            return max(0, round(expected + math.sqrt(expected) * self.normal()))
        left, count = self._random(), 0
        chance = math.exp(-expected)
        while left > chance and count < 10 * _MANY:
            left -= chance
            count += 1
            chance *= expected / count
        return count

    def exponential(self, mean: float) -> float:
        """The time to the next event where one comes every `mean`."""
        return -mean * math.log(1 - self._random())


class Wander:
    """Noise that remembers: normal with standard deviation 1 whose correlation falls to 1/e in `memory_seconds`."""

    def __init__(self, noise: Noise, memory_seconds: float, step_seconds: float) -> None:
        self._noise = noise
        self._keeps = math.exp(-step_seconds / memory_seconds)
        self._adds = math.sqrt(1 - self._keeps**2)
        self._value = noise.normal()

    def next(self) -> float:
        """The value one step later."""
        self._value = self._keeps * self._value + self._adds * self._noise.normal()
        return self._value
