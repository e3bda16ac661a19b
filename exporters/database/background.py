"""Runs queries that have their own interval outside the scrape, and keeps their last results."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import AnyFamily, Family
from exporters.core.postgres_dsn import Dsn
from exporters.core.scheduler import Periodic
from exporters.database.databases import LIST, Database, Databases
from exporters.database.families import Presenter
from exporters.database.queries import Query
from exporters.database.session import Session
from exporters.database.statement import Row

logger = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_KEPT_INTERVALS = 3  # after this many intervals without success the last values are stale and dropped
_RETRY_SECONDS = 15.0  # after a lost connection or a failed attempt to connect
_AGAIN_SECONDS = 60.0  # after a query's first failure; twice as long after each further one, at most its interval
_MOST_DOUBLINGS = 20
_LEAST_SECONDS = 1.0  # for each further database
_EXTRA_SECONDS = 5.0  # beyond the statement's own time limit, before the server counts as frozen


@dataclass(slots=True)
class Result:
    """The last result of one query; replaced as a whole, so that a scrape never sees a partial one."""

    families: Sequence[AnyFamily] = ()
    error: CollectError | None = None
    seconds: float = 0.0
    rows: int = 0
    folded: int = 0
    succeeded_at: float | None = None  # wall clock
    ended: float = 0.0  # when it last succeeded, monotonic clock


class _Visit(NamedTuple):
    rows: list[Row]
    at: float  # monotonic clock


@dataclass(slots=True)
class _Job:
    query: Query
    presenter: Presenter
    interval_seconds: float
    due: float = 0.0
    result: Result | None = None
    about: Sequence[AnyFamily] = ()
    visits: dict[bytes, _Visit] = field(default_factory=dict)  # by the database's name as stored
    turns: float = 1.0  # runs until each database has had its turn, at the pace of the last one
    failures: int = 0  # runs without success since the last one that had it

    def wait_seconds(self) -> float:
        """Return how long after the start of the last run the next one begins."""
        if not self.failures:
            return self.interval_seconds
        return min(self.interval_seconds, _AGAIN_SECONDS * 2.0 ** min(self.failures - 1, _MOST_DOUBLINGS))

    def rows(self, pace_seconds: float) -> list[Row]:
        """Return the result of the last visit to each database, without those that are too old."""
        oldest = time.monotonic() - _KEPT_INTERVALS * self.turns * pace_seconds
        self.visits = {name: visit for name, visit in self.visits.items() if visit.at > oldest}
        return [row for visit in self.visits.values() for row in visit.rows]

    def store(self, result: Result) -> None:
        """Keep a result and the metrics about its run, built once and not at every scrape."""
        self.about = _about(self.query, result)
        self.failures = self.failures + 1 if result.error else 0
        self.result = result


@dataclass(slots=True)
class _Tour:
    """One run of a query, which may visit many databases."""

    job: _Job
    started: float  # monotonic clock
    errors: list[CollectError] = field(default_factory=list)
    visited: int = 0
    seconds: float = 0.0  # of its own: that of the connections is shared

    def store(self, rows: list[Row], error: CollectError | None) -> None:
        """Keep the rows as the job's result, and the reason if some are missing."""
        presenter = self.job.presenter
        families = presenter.families(rows)
        now = time.monotonic()
        self.job.store(Result(families, error, self.seconds, len(rows), presenter.folded, time.time(), now))


class Background:
    """One thread and at most one connection: in the DSN's database, then in one other at a time, for all due queries.

    Where there are no others it stays open; otherwise it is closed after each round.
    """

    def __init__(self, name: str, dsn: Dsn, queries: Sequence[Query], databases: Databases) -> None:
        """Take the queries that have an interval, and the databases that may be visited."""
        self.databases = databases
        self._session = Session(dsn, queries)
        self._jobs = {
            query.name: _Job(query, Presenter(query, dsn.label, databases.wants), query.interval_seconds or 60.0)
            for query in queries
        }
        self._periodic = Periodic(f"background-{name}", _TICK_SECONDS, self._tick)
        self.started = False
        self._closed = False

    def __contains__(self, collector: str) -> bool:
        return collector in self._jobs

    def start(self) -> None:
        """Start."""
        self.started = True
        self._periodic.start()

    def close(self) -> None:
        """Stop without waiting."""
        self._closed = True
        self._periodic.stop()
        self._session.close()

    def families(self, query: Query, deadline: Deadline) -> list[AnyFamily]:
        """Return the query's last result and the metrics about it; in a process that only checks, run it now."""
        job = self._jobs[query.name]
        if not self.started:
            self._run(job, deadline)
        result = job.result
        if result is None:
            return []
        is_kept = time.monotonic() - result.ended < _KEPT_INTERVALS * self._pace_seconds(job)
        return [*(result.families if is_kept else ()), *job.about]

    def error(self, query: Query) -> CollectError | None:
        """Return why the query's last run failed or was incomplete."""
        result = self._jobs[query.name].result
        return result.error.copy() if result and result.error else None

    def _tick(self) -> None:
        now = time.monotonic()
        due = [job for job in self._jobs.values() if now >= job.due]
        tours: list[_Tour] = []
        for position, job in enumerate(due):
            tours += self._at_home(job, Deadline.after(_longest_seconds(job)))
            job.due = now + job.interval_seconds
            if not self._session.connected:
                self._postpone(due[position:], now)
                self._go(tours, Deadline.after(0))  # no visits: the server is gone, no database to blame
                return
        self._go(tours, Deadline.after(sum(_longest_seconds(tour.job) for tour in tours)))
        for job in due:
            job.due = now + job.wait_seconds()

    def _run(self, job: _Job, deadline: Deadline) -> None:
        self._go(self._at_home(job, deadline), deadline)

    def _at_home(self, job: _Job, deadline: Deadline) -> list[_Tour]:
        """Run a query in the database of the DSN; return its tour if it goes on to the others."""
        tour = _Tour(job, time.monotonic())
        try:
            if job.query.every_database:
                self.databases.update(self._session.ask(LIST, deadline).rows)
                if current := self.databases.current():
                    self._look(tour, current, self._session, deadline)
                return [tour]
            answer = self._session.ask(job.query, deadline)
            tour.seconds = time.monotonic() - tour.started
            tour.store(answer.rows, CollectError(answer.lacking) if answer.lacking else None)
        except Exception as failure:  # noqa: BLE001 - one failing query must not end the schedule of the others
            _failed(job, _known(failure), time.monotonic() - tour.started)
        return []

    def _go(self, tours: Sequence[_Tour], deadline: Deadline) -> None:
        """Visit the databases whose turn it is, once for all queries, and store the results."""
        plan: dict[Database, list[_Tour]] = {}
        for tour in tours:
            for database in self.databases.turn(tour.job.query.name):
                plan.setdefault(database, []).append(tour)
        try:
            self._visit_all(plan, deadline)
        except Exception as failure:  # noqa: BLE001 - as above
            for tour in tours:
                tour.errors += [] if tour.visited else [_known(failure)]
        for tour in tours:
            job = tour.job
            job.turns = max(1.0, len(self.databases.visitable()) / max(1, tour.visited))
            rows = job.rows(self._pace_seconds(job) + time.monotonic() - tour.started)
            tour.store(rows, tour.errors[-1].copy() if tour.errors else None)

    def _visit_all(self, plan: Mapping[Database, Sequence[_Tour]], deadline: Deadline) -> None:
        """Visit databases one after the other; those not reached come first next time."""
        if plan:
            self._session.leave()  # the one connection of this thread goes elsewhere
        for database, tours in plan.items():
            if self._closed or deadline.remaining() < _LEAST_SECONDS:  # too little time to judge a database by
                return
            self._visit(database, tours, deadline)

    def _pace_seconds(self, job: _Job) -> float:
        """Return how far apart two runs of a query may be: its interval, after which all others may come first."""
        return job.interval_seconds + sum(other.result.seconds for other in self._jobs.values() if other.result)

    def _postpone(self, jobs: Sequence[_Job], now: float) -> None:
        """Try again soon, all of them after a single new attempt to connect. None of them is to blame."""
        error = jobs[0].result.error if jobs[0].result else None
        for job in jobs:
            job.due = now + min(job.interval_seconds, _RETRY_SECONDS)
            if error:
                _failed(job, error, 0.0)
            job.failures = 0

    def _visit(self, database: Database, tours: Sequence[_Tour], deadline: Deadline) -> None:
        """Run all queries of one more database over a connection of its own.

        A database that refuses the role is not the query's failure. Raises CollectError (exhausted) if the role or the
        server has no connection left: the database is not to blame.
        """
        session = self._session.elsewhere(database.stored, [tour.job.query for tour in tours])
        try:
            session.open(deadline)
            self.databases.note_entered(database)
            for tour in tours:
                self._look(tour, database, session, deadline)
        except CollectError as error:
            if error.error_class is ErrorClass.EXHAUSTED and "for database" not in str(error):
                raise
            self.databases.note_refused(database, error.error_class)
        finally:
            session.leave()
        for tour in tours:
            tour.visited += 1
            self.databases.note_tried(tour.job.query.name, database)

    def _look(self, tour: _Tour, database: Database, session: Session, deadline: Deadline) -> None:
        """Keep a query's result in one database until its next turn there."""
        started = time.monotonic()
        try:
            answer = session.ask(tour.job.query, deadline)
        except CollectError as error:
            if session is self._session:
                raise
            tour.errors.append(error)
            return
        finally:
            tour.seconds += time.monotonic() - started
        if answer.lacking:
            tour.errors.append(CollectError(answer.lacking))
        tour.job.visits[database.stored] = _Visit(answer.rows, time.monotonic())


def _longest_seconds(job: _Job) -> float:
    # Twice the statement's limit: the session allows a statement half of the time left.
    return 2 * (job.query.timeout_seconds or job.interval_seconds / 2) + _EXTRA_SECONDS


def _failed(job: _Job, error: CollectError, seconds: float) -> None:
    """Keep the last successful result, with the new reason why there is nothing newer."""
    job.store(replace(job.result or Result(), error=error.copy(), seconds=seconds))


def _known(failure: Exception) -> CollectError:
    if isinstance(failure, CollectError):
        return failure
    logger.error("background query error=%s", type(failure).__name__)
    return CollectError(ErrorClass.INTERNAL, type(failure).__name__)


def _about(query: Query, result: Result) -> list[AnyFamily]:
    if query.optional and not (result.rows or result.error):
        return []  # the server is without it

    def family(suffix: str, text: str, value: float) -> Family:
        return Family(
            f"pantrywatch_query_{suffix}", "gauge", text, ("exporter", "query"), [(("database", query.name), value)]
        )

    families: list[AnyFamily] = [
        family(
            "success", "Whether the last run of a background query succeeded (1) or not.", int(result.error is None)
        ),
        family("duration_seconds", "Time the last run of a background query took.", result.seconds),
        family("rows", "Rows that the last successful run of a background query returned.", result.rows),
    ]
    if query.limit:
        text = "Rows of the last successful run beyond the query's limit: reported together as `other`."
        families.append(family("folded_rows", text, result.folded))
    if result.succeeded_at is not None:
        text = "When a background query last succeeded."
        families.append(family("last_success_timestamp_seconds", text, result.succeeded_at))
    return families
