"""The machine's two clocks as an argument, so that tests can set them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """`wall`: Unix time, which can be set; `steady`: monotonic seconds, counted while the machine runs."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
