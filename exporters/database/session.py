"""A persistent connection and what is known of the server: version, privileges, and what it lacks."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from psycopg.pq.abc import PGresult

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_dsn import Dsn
from exporters.core.postgres_errors import ConnectionLostError, ServerError
from exporters.core.postgres_replies import ReplyTooLargeError
from exporters.database.connection import Connection
from exporters.database.privileges import Privileges, read_privileges
from exporters.database.queries import Query
from exporters.database.statement import Row, Statement

_PRIVILEGES_SECONDS = 60.0  # how long an answer about privileges stays valid
# How long a metric that the server refused, or a query with too large a reply, is skipped before it is tried again.
_LACK_SECONDS = 300.0
_LOCK_SECONDS = 0.1  # a query waiting for a lock costs the others at most this much
_LEAVE_SECONDS = 1.0  # a server that needs longer has other problems than one connection too many
_STATEMENT_SECONDS = 2.0  # on the scrape; a query that needs longer belongs in a background query

# undefined column, function, table and object, wrong type, not supported, not allowed
_LACKS = ("42703", "42883", "42P01", "42704", "42846", "0A000", "42501")


class Answer(NamedTuple):
    """The rows of a query, one value for each of `query.columns()`; `lacking` if some metrics were refused."""

    rows: list[Row]
    lacking: ErrorClass | None


class _Known(NamedTuple):
    plan: Statement | None  # None: the server has no metric of this query
    lacking: CollectError | None
    until: float


class Session:
    """Runs queries over one connection, opened on use and reopened after a failure; for one thread at a time."""

    def __init__(self, dsn: Dsn, queries: Sequence[Query], database: bytes | None = None) -> None:
        """Take the queries that may run; nothing is connected before `open`."""
        self._dsn = dsn
        self._database = database
        self._requirements = sorted({text for query in queries for text in query.requires})
        self._needed = {text for query in queries if not query.optional for text in query.requires}
        self._lock = threading.Lock()
        self._closing = False
        self._connection: Connection | None = None
        self._privileges_until = 0.0
        self._known: dict[str, _Known] = {}
        self.privileges = Privileges({})

    @property
    def connected(self) -> bool:
        """Return whether the connection is open, as far as is known."""
        return self._connection is not None and not self._connection.broken

    def open(self, deadline: Deadline) -> None:
        """Connect unless connected, and check the privileges if the last check is old. Raises CollectError."""
        with self._lock:
            self._opened(deadline)
            self._refresh_privileges(deadline)

    def elsewhere(self, database: bytes, queries: Sequence[Query] = ()) -> Session:
        """Return a session, not yet connected, in another database of the server."""
        return Session(self._dsn, queries, database)

    def close(self) -> None:
        """Close the connection, or have the thread that uses it close it when it is done."""
        self._closing = True
        if self._lock.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._lock.release()

    def leave(self) -> None:
        """Close the connection and wait until the server has ended its process, which counts until then."""
        with self._lock:
            if self._connection is not None:
                self._connection.leave(_LEAVE_SECONDS)
            self._drop()

    def major(self) -> int:
        """Return the server's major version; only after `open`."""
        return self._connection.major if self._connection else 0

    def ask(self, query: Query, deadline: Deadline) -> Answer:
        """Return the query's metrics that the server has. Raises CollectError."""
        with self._lock:
            return self._asked(query, deadline)

    def ask_if_idle(self, query: Query, seconds: float) -> Answer | None:
        """Return the same, or None without a connection or while another thread uses it. Raises CollectError."""
        if not self.connected or not self._lock.acquire(blocking=False):
            return None
        try:
            return self._asked(query, Deadline.after(seconds))
        finally:
            self._lock.release()

    def _asked(self, query: Query, deadline: Deadline) -> Answer:
        try:
            return self._ask(query, deadline)
        except ReplyTooLargeError as error:
            self._opened(deadline)  # the other queries go on
            self._known[query.name] = _Known(None, error.copy(), time.monotonic() + _LACK_SECONDS)
            raise
        finally:
            if self._closing:
                self._drop()

    def _ask(self, query: Query, deadline: Deadline) -> Answer:
        known = self._known_of(query, deadline)
        if known.plan is None and known.lacking is None:
            return Answer([], None)
        try:
            rows = self._rows(known, query, deadline)
        except ServerError as error:
            if error.state not in _LACKS or known.plan is None:
                raise
            known = self._known[query.name] = self._learn(known.plan, error, deadline)
            rows = self._rows(known, query, deadline)
        return Answer(rows, known.lacking.error_class if known.lacking else None)

    def _rows(self, known: _Known, query: Query, deadline: Deadline) -> list[Row]:
        if known.plan is None:
            raise known.lacking.copy() if known.lacking else CollectError(ErrorClass.VERSION)
        return known.plan.rows(self._select(known.plan.sql(), query, deadline))

    def _known_of(self, query: Query, deadline: Deadline) -> _Known:
        self._opened(deadline)
        if query.optional and not all(map(self.privileges.granted, query.requires)):
            return _Known(None, None, 0.0)
        self.privileges.demand(query.requires)
        known = self._known.get(query.name)
        if known is None or known.until < time.monotonic():
            schema, version = self.privileges.extension(query.requires)
            metrics = query.metrics_of(self.major(), version)
            # Asking for what this version lacks would be an error in the server's log and add to its count of
            # rollbacks.
            plan = Statement(query, metrics, schema) if metrics else None
            known = self._known[query.name] = _Known(plan, None, time.monotonic() + _LACK_SECONDS)
        return known

    def _learn(self, plan: Statement, error: ServerError, deadline: Deadline) -> _Known:
        """Find out which metrics made the statement fail; probes cost the server nothing."""
        until = time.monotonic() + _LACK_SECONDS
        if self._refuses(plan.probe(), plan.query, deadline):
            return _Known(None, error.copy(), until)
        without = {metric.name for metric in plan.metrics if self._refuses(plan.probe(metric), plan.query, deadline)}
        if not without or len(without) == len(plan.metrics):
            return _Known(None, error.copy(), until)
        return _Known(plan._replace(without=frozenset(without)), error.copy(), until)

    def _refuses(self, probe: str, query: Query, deadline: Deadline) -> bool:
        try:
            self._select(probe, query, deadline)
        except ServerError as error:
            if error.state in _LACKS:
                return True
            raise
        return False

    def _select(self, sql: str, query: Query, deadline: Deadline) -> PGresult:
        if deadline.passed():
            raise CollectError(ErrorClass.TIMEOUT, "the time of this run was used up")
        longest = query.timeout_seconds or _STATEMENT_SECONDS
        # Half of the time left: the server ends a slow statement before we consider the server frozen.
        seconds = min(longest, deadline.remaining() / 2)
        try:
            return self._send(sql, query, seconds, deadline)
        except (ConnectionLostError, ServerError) as error:
            if isinstance(error, ServerError) and not error.fatal:
                raise
            # Kept open since the last run, it may have been dead for long: one new attempt decides.
            return self._send(sql, query, seconds, deadline)

    def _send(self, sql: str, query: Query, seconds: float, deadline: Deadline) -> PGresult:
        return self._opened(deadline).select(
            sql,
            deadline,
            statement_seconds=seconds,
            lock_seconds=_LOCK_SECONDS,
            search_path=query.search_path,
            time_zone=query.time_zone,
        )

    def _opened(self, deadline: Deadline) -> Connection:
        if self._connection is None or self._connection.broken:
            self._drop()
            self._connection = Connection(self._dsn, deadline, self._database)
            self._refresh_privileges(deadline)
        return self._connection

    def _refresh_privileges(self, deadline: Deadline) -> None:
        if time.monotonic() < self._privileges_until or self._connection is None:
            return
        before = self.privileges
        self.privileges = read_privileges(self._connection, self._requirements, deadline).reported(self._needed)
        self._privileges_until = time.monotonic() + _PRIVILEGES_SECONDS
        if self.privileges != before:
            self._known.clear()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._privileges_until = 0.0
        self._known.clear()
