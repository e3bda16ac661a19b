"""key=value logging to standard error; a repeating failure is logged when it changes, not at every scrape."""

from __future__ import annotations

import logging
import sys
import threading

OURS = ("exporters", "pantrywatch")


def setup(level: int = logging.INFO) -> None:
    """Log only our own loggers to standard error: texts of libraries may contain what must not be logged."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"))
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
    logging.getLogger().addHandler(logging.NullHandler())


class ChangeLog:
    """Remembers the last state of each subject and logs only changes."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._states: dict[str, str] = {}
        self._lock = threading.Lock()

    def report(self, subject: str, state: str, *, failing: bool) -> None:
        """Log `subject` (key=value text) with its new state; a new subject is logged only if failing."""
        with self._lock:
            before = self._states.get(subject)
            self._states[subject] = state
        if state == before or (before is None and not failing):
            return
        self._logger.log(logging.WARNING if failing else logging.INFO, "%s state=%s", subject, state)
