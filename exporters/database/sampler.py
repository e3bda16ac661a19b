"""Runs queries each second between scrapes and adds up what they count: how long, where a scrape sees only a moment.

The samples use the scrape's own connection and never open one: a server that is down or hangs is asked again by the
next scrape alone. What a sample finds counts for the time since the one before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import AnyFamily, Family
from exporters.core.scheduler import Periodic
from exporters.database.families import Presenter
from exporters.database.queries import Query
from exporters.database.session import Answer, Session
from exporters.database.statement import Row

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
_LONGEST_SECONDS = 2.0  # a sample covers no more: what happened in a longer gap is not known
_SAMPLE_SECONDS = 1.0  # a scrape that starts meanwhile waits at most this long for the connection
_RETRY_SECONDS = 15.0  # after a failure: a server too slow for samples is not asked each second
_FORGET_SECONDS = 3600.0  # rows that are in no sample any more, such as those of a dropped database


@dataclass(slots=True)
class _Total:
    seconds: list[float]  # one for each metric
    at: float  # monotonic clock, when it was last in a sample


@dataclass(slots=True)
class _Sampled:
    query: Query
    presenter: Presenter
    due: float = 0.0
    last: float | None = None  # monotonic clock
    covered_seconds: float = 0.0
    error: CollectError | None = None
    totals: dict[tuple[str, ...], _Total] = field(default_factory=dict)

    def add(self, rows: Sequence[Row], now: float) -> None:
        """Add what a sample counted, for the time since the last one."""
        seconds = INTERVAL_SECONDS if self.last is None else min(now - self.last, _LONGEST_SECONDS)
        self.last = now
        self.covered_seconds += seconds
        for labels, values in rows:
            total = self.totals.setdefault(labels, _Total([0.0] * len(values), now))
            total.at = now
            for column, value in enumerate(values):
                total.seconds[column] += (value or 0.0) * seconds
        oldest = now - _FORGET_SECONDS
        if any(total.at < oldest for total in self.totals.values()):
            self.totals = {labels: total for labels, total in self.totals.items() if total.at >= oldest}

    def rows(self) -> list[Row]:
        """Return what has been added up so far."""
        return [(labels, tuple(total.seconds)) for labels, total in self.totals.copy().items()]


class Sampler:
    """One thread that samples; `started` is False in a process that only checks."""

    def __init__(self, name: str, server: str, queries: Sequence[Query], session: Session) -> None:
        """Take the sampled queries and the session that scrapes keep open; `server` is the label of pg_ metrics."""
        self._session = session
        self._sampled = {query.name: _Sampled(query, Presenter(query, server)) for query in queries}
        self._periodic = Periodic(f"sampler-{name}", INTERVAL_SECONDS, self._tick)
        self.started = False

    def __contains__(self, collector: str) -> bool:
        return collector in self._sampled

    def start(self) -> None:
        """Start."""
        self.started = True
        self._periodic.start()

    def close(self) -> None:
        """Stop without waiting; the session belongs to the scrapes."""
        self._periodic.stop()

    def families(self, query: Query, deadline: Deadline) -> list[AnyFamily]:
        """Return what the samples have added up; before the first, and in a process that only checks, take one now."""
        sampled = self._sampled[query.name]
        if not self.started or (sampled.last is None and sampled.error is None):
            self._sample(sampled, lambda query: self._session.ask(query, deadline))
        if sampled.last is None:
            return []
        covered = Family(
            "pantrywatch_query_sampled_seconds_total",
            "counter",
            "Time that the samples of a query cover: less than the time passed where samples failed.",
            ("exporter", "query"),
            [(("database", query.name), sampled.covered_seconds)],
        )
        return [*sampled.presenter.families(sampled.rows()), covered]

    def error(self, query: Query) -> CollectError | None:
        """Return why the query's last sample failed or was incomplete."""
        error = self._sampled[query.name].error
        return error.copy() if error else None

    def _tick(self) -> None:
        for sampled in self._sampled.values():
            if time.monotonic() >= sampled.due:
                self._sample(sampled, lambda query: self._session.ask_if_idle(query, _SAMPLE_SECONDS))

    def _sample(self, sampled: _Sampled, ask: Callable[[Query], Answer | None]) -> None:
        try:
            answer = ask(sampled.query)
        except Exception as failure:  # noqa: BLE001 - one failed sample must not end the schedule
            sampled.error = _known(failure)
            sampled.due = time.monotonic() + _RETRY_SECONDS
            return
        if answer:
            sampled.error = CollectError(answer.lacking) if answer.lacking else None
            sampled.add(answer.rows, time.monotonic())


def _known(failure: Exception) -> CollectError:
    if isinstance(failure, CollectError):
        return failure.copy()
    logger.error("sample error=%s", type(failure).__name__)
    return CollectError(ErrorClass.INTERNAL, type(failure).__name__)
