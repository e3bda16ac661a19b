"""Reproducible randomness: the same seed gives the same rows on every machine and Python version."""

from __future__ import annotations

import hashlib
import random
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

Face = TypeVar("Face")


def key(table: str, number: int) -> str:
    """The uuid of row `number` of a table: a hash, so that it can be computed anywhere."""
    digest = hashlib.md5(f"{table}:{number}".encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


class RandomSource:
    """Draws from one seeded stream; built on random() alone, whose values Python guarantees between versions."""

    def __init__(self, name: str) -> None:
        self._random = random.Random(f"pantry:{name}").random

    def chance(self, share: float) -> bool:
        return self._random() < share

    def below(self, count: int) -> int:
        """0 … count-1, uniform."""
        return int(self._random() * count)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random()

    def bell(self, middle: float, spread: float) -> float:
        """Around `middle`, at most 1.5 times `spread` away, mostly near (the sum of three draws: nearly a bell)."""
        return middle + spread * (self._random() + self._random() + self._random() - 1.5)

    def skewed(self, count: int, power: float = 2.0) -> int:
        """0 … count-1, low numbers much more often."""
        return int(count * self._random() ** power)

    def one_of(self, faces: Sequence[Face]) -> Face:
        return faces[int(self._random() * len(faces))]

    def weighted(self, faces: Weighted[Face]) -> Face:
        return faces.pick(self._random())


class Weighted(Generic[Face]):
    """Values with weights, prepared for many draws."""

    def __init__(self, weights: dict[Face, float]) -> None:
        self._faces = list(weights)
        self._edges = list(accumulate(weights.values()))

    def pick(self, point: float) -> Face:
        """The value at `point` (0 … 1) of the cumulated weights."""
        return self._faces[min(bisect(self._edges, point * self._edges[-1]), len(self._faces) - 1)]
