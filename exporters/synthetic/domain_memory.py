"""What is known of a domain, kept in a file, so that a restart does not ask its registry again."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from exporters.core.errors import ErrorClass, classify_network_error
from exporters.core.files import write_atomically
from exporters.synthetic.rdap import Registration

logger = logging.getLogger(__name__)

DAY_SECONDS = 86400.0
_RETRY_SECONDS = 6 * 3600.0  # after a look that failed
_LONGEST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Known:
    """The last look at a domain, and the last answer: times are Unix times.

    `error`: the class of a look that failed. The answer of an earlier one stays.
    """

    host: str
    asked_at: float | None = None
    answered_at: float | None = None
    expires_at: float | None = None
    error: ErrorClass | None = None

    def due(self, now: float) -> bool:
        """Return whether to ask again: after a day, sooner after a failure, or if the clock was set back."""
        wait = _RETRY_SECONDS if self.error else DAY_SECONDS
        return self.asked_at is None or not self.asked_at <= now < self.asked_at + wait


class DomainMemory:
    """The domain of one host: asked when it is due, remembered in between."""

    def __init__(self, host: str, file: Path, now: Callable[[], float] = time.time) -> None:
        """Read what an earlier process has kept; a file that is missing, damaged or about another host is nothing."""
        self._file = file
        self.now = now
        self.known = _read(file, host)
        self._unwritable = False

    def refresh(self, look: Callable[[], Registration]) -> Known:
        """Return what is known, after a look if one is due; one that fails only changes `error`."""
        now = self.now()
        if self.known.due(now):
            # Kept before it is asked: a process that ends meanwhile, again and again, does not ask each time.
            self._keep(replace(self.known, asked_at=now, error=ErrorClass.TIMEOUT))
            try:
                found = look()
            except Exception as error:  # noqa: BLE001 - its class is what is kept; the check fails once this is old
                self._keep(replace(self.known, error=classify_network_error(error)))
            else:
                self._keep(replace(self.known, answered_at=now, expires_at=found.expires_at, error=None))
        return self.known

    def _keep(self, known: Known) -> None:
        self.known = known
        try:
            write_atomically(self._file, json.dumps(asdict(known)) + "\n")
            self._unwritable = False
        except OSError as error:
            if not self._unwritable:  # what is not kept is asked again by the next process
                logger.error("file=%s state=not_written error=%s", self._file, error.strerror)
            self._unwritable = True


def _read(file: Path, host: str) -> Known:
    try:
        with file.open("rb") as opened:
            found = json.loads(opened.read(_LONGEST_BYTES))
        if found["host"] != host:
            return Known(host)
        times = {name: _time(found[name]) for name in ("asked_at", "answered_at", "expires_at")}
        return Known(host, **times, error=ErrorClass(found["error"]) if found["error"] else None)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return Known(host)


def _time(value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a time")
    return float(value)
