"""The two clocks of a machine, as an argument: tests set them by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """`wall`: Unix time, which somebody may set; `steady`: seconds that only pass, while the machine runs."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
