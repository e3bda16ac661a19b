"""Durations as Prometheus writes them, such as `5m`."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(?P<count>[1-9][0-9]*)(?P<unit>[smhd])\Z")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> int:
    """Return the length of a duration such as `5m` or `30d`. Raises ValueError."""
    match = _DURATION.match(duration)
    if match is None:
        raise ValueError(f"expected a duration such as 5m, got {duration}")
    return int(match["count"]) * _UNIT_SECONDS[match["unit"]]
