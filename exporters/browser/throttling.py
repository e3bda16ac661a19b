"""Networks that a page load is throttled to: WebPageTest's profiles under their own numbers.

https://github.com/catchpoint/WebPageTest.agent, profiles `3G`, `3GFast`, `3GSlow`, `4G`. Chromium delays each request
by the round-trip time and limits the total bytes per second; establishing a connection costs nothing, so a real network
with these numbers is somewhat slower.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

NetworkName = Literal["none", "4g", "3g-fast", "3g", "3g-slow"]


@dataclass(frozen=True, slots=True)
class Network:
    """Round-trip time in seconds, rates in bits per second."""

    round_trip_seconds: float
    down_bits: float
    up_bits: float


NETWORKS: Mapping[NetworkName, Network | None] = {
    "none": None,
    "4g": Network(0.17, 9e6, 9e6),
    "3g-fast": Network(0.15, 1.6e6, 768e3),
    "3g": Network(0.3, 1.6e6, 768e3),
    "3g-slow": Network(0.4, 400e3, 400e3),
}
assert tuple(NETWORKS) == get_args(NetworkName)
