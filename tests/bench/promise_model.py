"""The rules of alert_rules/lib/promise_forecast.libsonnet as a function.

tests/rules/test_promise_forecast.py proves that both give the same.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_WITHIN, _BELIEVED = 1.64, 3.18


@dataclass(frozen=True, slots=True)
class Promise:
    """Whether the weekly peak grows, and in how many weeks it is beyond what is proven: earliest and latest."""

    grows: bool
    earliest_weeks: float | None = None
    latest_weeks: float | None = None


def promise(peaks: Sequence[float], proven: float) -> Promise:
    """Return the forecast from the peaks of five weeks, the newest first, in requests a minute as `proven` is."""
    logs = [math.log(peak) for peak in peaks]
    growth = (2 * logs[0] + logs[1] - logs[3] - 2 * logs[4]) / 10
    spread = math.sqrt(max(0.0, 5 * statistics.pvariance(logs) - 10 * growth**2) / 3)
    if growth <= _BELIEVED * spread / math.sqrt(10):
        return Promise(grows=False)
    left, unsure = math.log(proven) - statistics.fmean(logs), (_WITHIN * spread) ** 2
    square, linear = growth**2 - unsure / 10, growth * left
    root = math.sqrt(max(0.0, linear**2 - square * (left**2 - unsure / 5)))
    early, late = ((linear + sign * root) / square - 2 for sign in (-1, 1))
    return Promise(True, max(0.0, early), max(0.0, late))
