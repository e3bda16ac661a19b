"""Runs one action repeatedly at its own interval, in its own thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Periodic:
    """Calls `action` every `interval_seconds`; turns missed during a long run are dropped, never queued."""

    def __init__(self, name: str, interval_seconds: float, action: Callable[[], None]) -> None:
        """Take the action, which must handle its own errors: an exception that escapes ends the schedule."""
        self._interval = interval_seconds
        self._action = action
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start; the first run comes at once."""
        self._thread.start()

    def stop(self, wait_seconds: float = 0.0) -> None:
        """Stop after the current run, waiting for it at most this long (a daemon thread: it never blocks exit)."""
        self._stopping.set()
        if wait_seconds and self._thread.is_alive():
            self._thread.join(wait_seconds)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            self._action()
            now = time.monotonic()
            due += self._interval * max(1, -(-(now - due) // self._interval))
