"""Runs the queries that have an interval of their own, off the scrape's path, and keeps what they last gave."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import AnyFamily, Family
from exporters.core.postgres_dsn import Dsn
from exporters.core.scheduler import Periodic
from exporters.database.families import Presenter
from exporters.database.queries import Metric, Query
from exporters.database.session import Answer, Session

logger = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_KEPT_INTERVALS = 3  # after so many intervals without success the last values are no news: no sample
_RETRY_SECONDS = 15.0  # a failed query is tried again this soon: a server that comes back is seen at the next scrape
_EXTRA_SECONDS = 5.0  # beyond the statement's own time limit, before the server counts as frozen
_RETRY_SECONDS = 15.0  # after the connection was lost or could not be made
_MAXIMUM_DATABASES = 50

_DATABASES = Query(
    name="databases",
    source=(
        "pg_database WHERE datallowconn AND NOT datistemplate AND datname <> current_database()"
        f" AND has_database_privilege(oid, 'CONNECT') ORDER BY datname LIMIT {_MAXIMUM_DATABASES}"
    ),
    labels={"datname": "datname"},
    metrics=(Metric("pg_database_found", "gauge", "One.", "1"),),
)


@dataclass(slots=True)
class Result:
    """What one query last gave; replaced as a whole, so that a scrape never sees half of it."""

    families: Sequence[AnyFamily] = ()
    error: CollectError | None = None
    seconds: float = 0.0
    rows: int = 0
    folded: int = 0
    succeeded_at: float | None = None  # wall clock
    kept_until: float = 0.0  # monotonic clock


@dataclass(slots=True)
class _Job:
    query: Query
    presenter: Presenter
    interval_seconds: float
    due: float = 0.0
    result: Result | None = None
    about: Sequence[AnyFamily] = ()

    def store(self, result: Result) -> None:
        """Keep a result, and what there is to say of the run, made once and not at every scrape."""
        self.about = _about(self.query, result)
        self.result = result


class Background:
    """One thread, one kept-open connection, and at most one more while a query visits the other databases."""

    def __init__(self, name: str, dsn: Dsn, queries: Sequence[Query]) -> None:
        """Take the queries that have an interval."""
        self._dsn = dsn
        self._session = Session(dsn, queries)
        self._jobs = {
            query.name: _Job(query, Presenter(query, dsn.label), query.interval_seconds or 60.0) for query in queries
        }
        self._periodic = Periodic(f"background-{name}", _TICK_SECONDS, self._tick)
        self.started = False

    def __contains__(self, collector: str) -> bool:
        return collector in self._jobs

    def start(self) -> None:
        """Begin."""
        self.started = True
        self._periodic.start()

    def close(self) -> None:
        """End without waiting."""
        self._periodic.stop()
        self._session.close()

    def families(self, query: Query, deadline: Deadline) -> list[AnyFamily]:
        """Return what the query last gave and the metrics about it; in a process that only checks, run it now."""
        job = self._jobs[query.name]
        if not self.started:
            self._run(job, deadline)
        result = job.result
        if result is None:
            return []
        return [*(result.families if time.monotonic() < result.kept_until else ()), *job.about]

    def error(self, query: Query) -> CollectError | None:
        """Return why the query's last run failed or was not whole."""
        result = self._jobs[query.name].result
        return result.error if result else None

    def _tick(self) -> None:
        now = time.monotonic()
        due = [job for job in self._jobs.values() if now >= job.due]
        for position, job in enumerate(due):
            longest = job.query.timeout_seconds or job.interval_seconds / 2
            # Twice the statement's limit: the session gives a statement half of what is left.
            self._run(job, Deadline.after(2 * longest + _EXTRA_SECONDS))
            job.due = now + job.interval_seconds
            if not self._session.connected:
                self._postpone(due[position:], now)
                return

    def _run(self, job: _Job, deadline: Deadline) -> None:
        start = time.monotonic()
        try:
            answers, error = self._answers(job.query, deadline)
        except Exception as failure:  # noqa: BLE001 - one query that fails must not end the others' schedule
            _failed(job, _known(failure), time.monotonic() - start)
            return
        rows = [row for answer in answers for row in answer.rows]
        families = job.presenter.families(answers[0].major, rows)
        kept_until = time.monotonic() + _KEPT_INTERVALS * job.interval_seconds
        seconds = time.monotonic() - start
        job.store(Result(families, error, seconds, len(rows), job.presenter.folded, time.time(), kept_until))

    def _postpone(self, jobs: Sequence[_Job], now: float) -> None:
        """Try again soon, all of them after one new attempt to connect."""
        error = jobs[0].result.error if jobs[0].result else None
        for job in jobs:
            job.due = now + min(job.interval_seconds, _RETRY_SECONDS)
            if error:
                _failed(job, error, 0.0)

    def _answers(self, query: Query, deadline: Deadline) -> tuple[list[Answer], CollectError | None]:
        """Return the answer of each database, and the last failure of a database other than the first."""
        answers = [self._session.ask(query, deadline)]
        errors = [CollectError(answer.lacking) for answer in answers if answer.lacking]
        if query.every_database:
            for database in self._other_databases(deadline):
                session = Session(self._dsn, [query], database.encode())
                try:
                    answers.append(session.ask(query, deadline))
                except CollectError as error:
                    errors.append(error)
                finally:
                    session.close()
        return answers, errors[-1] if errors else None

    def _other_databases(self, deadline: Deadline) -> list[str]:
        return [labels[0] for labels, _ in self._session.ask(_DATABASES, deadline).rows]


def _failed(job: _Job, error: CollectError, seconds: float) -> None:
    """Keep what the last good run gave, with the new reason why there is nothing newer."""
    job.store(replace(job.result or Result(), error=error, seconds=seconds))


def _known(failure: Exception) -> CollectError:
    if isinstance(failure, CollectError):
        return failure
    logger.error("background query error=%s", type(failure).__name__)
    return CollectError(ErrorClass.INTERNAL, type(failure).__name__)


def _about(query: Query, result: Result) -> list[AnyFamily]:
    def family(suffix: str, text: str, value: float) -> Family:
        return Family(
            f"pantrywatch_query_{suffix}", "gauge", text, ("exporter", "query"), [(("database", query.name), value)]
        )

    families: list[AnyFamily] = [
        family(
            "success", "Whether the last run of a background query succeeded (1) or not.", int(result.error is None)
        ),
        family("duration_seconds", "Time the last run of a background query took.", result.seconds),
        family("rows", "Rows the last successful run of a background query gave.", result.rows),
    ]
    if query.limit:
        text = "Rows of the last successful run beyond the query's limit: together as `other`."
        families.append(family("folded_rows", text, result.folded))
    if result.succeeded_at is not None:
        text = "When a background query last succeeded."
        families.append(family("last_success_timestamp_seconds", text, result.succeeded_at))
    return families
