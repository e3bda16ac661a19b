"""The activity of the sales staff over the day."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise

# (hour, share of the peak), local time: night, morning rise, lunch dip, afternoon, evening. Cosines in between.
_ANCHORS = (
    (0.0, 0.2),
    (5.5, 0.2),
    (8.5, 1.0),
    (11.5, 1.0),
    (12.5, 0.7),
    (13.5, 1.0),
    (17.0, 1.0),
    (19.0, 0.5),
    (21.5, 0.5),
    (24.0, 0.2),
)


def share_of_peak(now: datetime) -> float:
    """0.2 at night, 1.0 in working hours, smooth between."""
    hour = now.hour + now.minute / 60 + now.second / 3600
    for (start, low), (end, high) in pairwise(_ANCHORS):
        if start <= hour < end:
            way = (1 - math.cos(math.pi * (hour - start) / (end - start))) / 2
            return low + (high - low) * way
    return _ANCHORS[-1][1]


def active_representatives(rate: float, everybody: int) -> int:
    """The number of people at work for a rate in requests per second: each acts every 2.5 s, fewer at night."""
    return max(1, min(everybody, round(rate * 2.5)))
