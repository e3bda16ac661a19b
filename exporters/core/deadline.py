"""One moment by which an answer is due, passed down through every call that can block."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


# A named tuple, as the other small values that are not read from a file: to define a frozen dataclass takes six times
# the CPU, and the thirty of a database sidecar took a tenth of what its start takes.
class Deadline(NamedTuple):
    """A point on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline this many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self.at - time.monotonic())

    def passed(self) -> bool:
        """Return whether the deadline has passed."""
        return time.monotonic() >= self.at

    def earlier(self, seconds: float) -> Deadline:
        """Return a deadline this much earlier: given to a callee, so that the caller still has time to answer."""
        return Deadline(self.at - seconds)

    @contextmanager
    def calls(self, cut: Callable[[], None]) -> Iterator[None]:
        """Call `cut` from another thread if the block is still running at the deadline.

        For libraries without a deadline of their own: `cut` shuts down their socket, and the blocked call fails.
        """
        timer = threading.Timer(self.remaining(), cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
