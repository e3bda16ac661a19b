"""Quantiles of the beta distribution, which shares are judged by; the standard library has none."""

from __future__ import annotations

import math
from statistics import NormalDist

_TERMS = 300
# From here on the logarithm of the odds is normal, to the third digit of its interval.
_MANY = 1000
_PRECISION = 1e-10
_TINY = 1e-300


def beta_quantile(chance: float, a: float, b: float) -> float:
    """Return the number that a beta variable with these parameters, both above 0, is below with this chance."""
    if min(a, b) > _MANY:
        logit = math.log(a / b) + NormalDist().inv_cdf(chance) * math.sqrt(1 / a + 1 / b)
        return 1 / (1 + math.exp(-logit))
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _below(middle, a, b) < chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _below(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function: DLMF 8.17.22, whose fraction converges fast on this side."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _below(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction 1 + d1 / (1 + d2 / (1 + …)), by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for number in range(1, _TERMS):
        m = number // 2
        if number % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + term * d or _TINY)
        c = 1 + term / c or _TINY
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value
