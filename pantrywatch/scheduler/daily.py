"""Once a day: what was measured of each target goes into the long memory, with the days that were missed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from exporters.core.logs import ChangeLog
from pantrywatch.scheduler.day import Day, day_of, days_between
from pantrywatch.scheduler.memory import Memory
from pantrywatch.web.prometheus import NoAnswerError

logger = logging.getLogger(__name__)

# After the end of a day: the last events of it are recorded within five minutes, and are summed by then.
_SETTLING_SECONDS = 600.0
_MOST_DAYS = 7  # in one question


class Source(Protocol):
    """What was recorded; both raise NoAnswerError."""

    def now(self) -> float:
        """Return the Unix time of its clock."""

    def days(self, first: date, last: date) -> Sequence[Day]:
        """Return the days of a span that it has something of."""


@dataclass(slots=True)
class Daily:
    """Fills the memory. `reach_days`: how far back Prometheus keeps samples.

    A day has ended by Prometheus' own clock: that of this machine may be ahead, and half a day would count as one.
    """

    memory: Memory
    source: Source
    reach_days: int
    asked_to: date | None = None  # the last day that was asked for
    _changes: ChangeLog = field(default_factory=lambda: ChangeLog(logger))

    def fill(self) -> bool:
        """Ask for the days that were not asked for since the start, and add what is new; return whether all is done.

        A source that does not answer and a file that cannot be written are logged, and tried again the next time.
        """
        state = "ok"
        try:
            self._fill()
        except NoAnswerError as error:
            state = f"Prometheus: {error}"
        except OSError as error:
            state = f"not written: {error.strerror}"
        self._changes.report("task=daily", state, failing=state != "ok")
        return state == "ok"

    def left_out(self) -> int:
        """Return how many days since the first one have nothing, though Prometheus was asked for them."""
        dates = {day for day, _ in self.memory.known}
        if not dates or self.asked_to is None:
            return 0
        return sum(day not in dates for day in days_between(min(dates), self.asked_to))

    def _fill(self) -> None:
        last = day_of_last(self.source.now())
        first = last - timedelta(days=self.reach_days - 2)  # the oldest one may be half deleted
        if self.asked_to is not None:
            first = max(first, self.asked_to + timedelta(days=1))
        while first <= last:
            to = min(last, first + timedelta(days=_MOST_DAYS - 1))
            added = self.memory.add(self.source.days(first, to))
            self.memory.forget(to)
            self.asked_to, first = to, to + timedelta(days=1)
            if added:
                logger.info("task=daily up_to=%s lines_added=%d", to, added)


def day_of_last(now: float) -> date:
    """Return the last day that has ended and is recorded. Raises NoAnswerError for an impossible time."""
    try:
        return day_of(now - _SETTLING_SECONDS) - timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise NoAnswerError("its clock shows an impossible time") from error
