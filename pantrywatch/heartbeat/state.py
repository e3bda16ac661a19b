"""The time of the last beat and who was notified of a missing one, in a small file that survives restarts.

While the process runs, times come from the monotonic clock, so setting the wall clock neither causes nor hides a
missing beat. The file holds Unix times: the wall clock matters only across a restart, and a future time counts as now.
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporters.core.clock import Clock
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import disk_is_at_fault, put_aside, write_private
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)
_CHANGES = ChangeLog(logger)

_FILE = "heartbeat.json"
# Prometheus sends Watchdog again at every resend-delay (3.5 minutes as the stack runs it), Alertmanager what it has at
# every beat, for four times resend-delay: what says the same for longer than this is Alertmanager's memory.
_SAME_SECONDS = 360


@dataclass(slots=True)
class Record:
    """When watching began, the last beat, and for each channel when it was notified of an outage, and its start.

    All in seconds of the monotonic clock. The file is written at every change; without one nothing survives a restart.
    """

    began_at: float
    beat_at: float | None = None
    notified: dict[str, tuple[float, float]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    file: Path | None = None
    evaluated: str | None = None
    evaluated_at: float = 0.0

    def beat(self, evaluated: str | None = None) -> bool:
        """Record a beat, and return whether it counts: not if it has carried the same evaluation for six minutes.

        `evaluated` is when Prometheus evaluated Watchdog, as its annotation says; None where nothing says so.
        """
        now = self.clock.steady()
        if evaluated is None or evaluated != self.evaluated:
            self.evaluated, self.evaluated_at = evaluated, now
        if now - self.evaluated_at > _SAME_SECONDS:
            return False
        self.beat_at = now
        self.keep()
        return True

    @property
    def silent_since(self) -> float:
        """Return when the last beat came, or watching began."""
        return self.began_at if self.beat_at is None else self.beat_at

    def silent_seconds(self) -> float:
        """Return for how long no beat has come."""
        return self.clock.steady() - self.silent_since

    def unix_time(self, moment: float) -> float:
        """Convert a time of the monotonic clock to Unix time, using the current wall clock."""
        return self.clock.wall() - (self.clock.steady() - moment)

    def mark_notified(self, channel: str, since: float) -> None:
        """Record that a channel was notified of the outage."""
        self.notified[channel] = (self.clock.steady(), since)
        self.keep()

    def clear(self, channel: str) -> None:
        """Record that a channel was notified of its end."""
        self.notified.pop(channel, None)
        self.keep()

    def keep(self) -> None:
        """Write the file. A failure is logged, and beats still count while the process runs."""
        if self.file is None:
            return
        fields = {
            "began_at": self.unix_time(self.began_at),
            "beat_at": None if self.beat_at is None else self.unix_time(self.beat_at),
            "told": {name: [self.unix_time(at), self.unix_time(since)] for name, (at, since) in self.notified.items()},
        }
        state = "written"
        try:
            write_private(self.file, json.dumps(fields))
        except OSError as error:
            state = f"not written: {error.strerror}"
        _CHANGES.report(f"file={self.file}", state, failing=state != "written")


def read_record(folder: Path | None, clock: Clock | None = None) -> Record:
    """Return the record kept in the folder, or a new one. Raises ConfigError.

    A damaged one is set aside; a full or broken disk stops nothing.
    """
    clock = clock or Clock()
    if folder is None:
        return Record(clock.steady(), clock=clock)
    file = folder / _FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        record = _read(file, clock)
    except OSError as error:
        if not disk_is_at_fault(error):
            expected = f"expected a folder to keep the last beat in: {error.strerror}"
            raise ConfigError([ConfigProblem("command line", f"--keep {folder}", expected)]) from error
        logger.error("file=%s not_read=%s", file, error.strerror)
        record = Record(clock.steady(), clock=clock)
    record.file = file
    record.keep()
    return record


def _read(file: Path, clock: Clock) -> Record:
    if not file.exists():
        file.touch(mode=0o600)
        return Record(clock.steady(), clock=clock)
    try:
        return _parsed(json.loads(file.read_bytes() or b"{}"), clock)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        logger.error("file=%s damaged put_aside=%s starting again", file, put_aside(file))
        return Record(clock.steady(), clock=clock)


def _parsed(fields: Any, clock: Clock) -> Record:
    beat_at = fields.get("beat_at")
    notified = fields.get("told", {}).items()
    return Record(
        _steady(fields.get("began_at", clock.wall()), clock),
        None if beat_at is None else _steady(beat_at, clock),
        {str(name): (_steady(at, clock), _steady(since, clock)) for name, (at, since) in notified},
        clock,
    )


def _steady(unix_time: Any, clock: Clock) -> float:
    """Convert a Unix time of the file to the monotonic clock. Raises ValueError or TypeError if it is invalid."""
    age_seconds = clock.wall() - float(unix_time)
    if not math.isfinite(age_seconds):
        raise ValueError("expected a Unix time")
    return clock.steady() - max(0.0, age_seconds)
