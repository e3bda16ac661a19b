"""The application's access to PostgreSQL: a bounded pool, a deadline for every transaction, every statement timed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from demo.api.errors import UnavailableError
from demo.api.metrics import Metrics
from demo.api.sockets import cut_after

POOL_MAX = 20
# Longer than the slowest reasonable statement, shorter than a browser waits. The client's deadline is a little later,
# so that a live server cancels the statement itself and the connection survives.
_STATEMENT_MILLISECONDS = 3_000
_CONVERSATION_SECONDS = 4.0
_POOL_WAIT_SECONDS = 1.0
_LEAK_SECONDS = 0.05


# The application's database operations, so that every series exists before the first statement.
OPERATIONS = (
    ("SELECT", "none"),
    ("SELECT", "users"),
    ("SELECT", "organizations"),
    ("SELECT", "contacts"),
    ("SELECT", "interactions"),
    ("SELECT", "opportunities"),
    ("INSERT", "interactions"),
    ("UPDATE", "users"),
    ("UPDATE", "organizations"),
    ("UPDATE", "opportunities"),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with the labels under which its duration is recorded."""

    operation: str
    collection: str
    text: LiteralString


@dataclass(frozen=True, slots=True)
class Conversation:
    """One transaction."""

    connection: psycopg.Connection[DictRow]
    metrics: Metrics

    def rows(self, statement: Statement, parameters: Mapping[str, Any]) -> list[DictRow]:
        """All rows of the result."""
        series = self.metrics.statements.labels("postgresql", statement.operation, statement.collection)
        started = time.perf_counter()
        try:
            return self.connection.execute(statement.text, parameters).fetchall()
        finally:
            series.observe(time.perf_counter() - started)

    def row(self, statement: Statement, parameters: Mapping[str, Any]) -> DictRow | None:
        """The first row, or None."""
        found = self.rows(statement, parameters)
        return found[0] if found else None


class Database:
    """Opened at startup whether or not the server is up; each transaction finds out for itself."""

    def __init__(self, dsn: str, metrics: Metrics) -> None:
        self._metrics = metrics
        for operation, collection in OPERATIONS:
            metrics.statements.labels("postgresql", operation, collection)
        self._pool: ConnectionPool[psycopg.Connection[DictRow]] = ConnectionPool(
            dsn,
            min_size=2,
            max_size=POOL_MAX,
            # No limit on waiting clients: the pool keeps counting those who gave up, and once they reach the limit it
            # refuses everybody without trying to connect, even after the server is back.
            max_idle=120.0,
            timeout=_POOL_WAIT_SECONDS,
            # Give up early and start again with the next request: the pool's own back-off grows to minutes.
            reconnect_timeout=2.0,
            num_workers=2,
            open=False,
            kwargs={
                "row_factory": dict_row,
                "application_name": "crm-api",
                "connect_timeout": 2,
                "options": f"-c statement_timeout={_STATEMENT_MILLISECONDS}",
            },
        )

        self._leaked: deque[psycopg.Connection[DictRow]] = deque()

    def open(self) -> None:
        self._pool.open(wait=False)

    def leak(self) -> None:
        """Take a connection and keep it, as code does that forgets to give it back."""
        with suppress(psycopg.OperationalError):
            self._leaked.append(self._pool.getconn(_LEAK_SECONDS))

    def give_back(self) -> None:
        """Return what has leaked."""
        while self._leaked:
            with suppress(IndexError):  # another thread was faster
                self._pool.putconn(self._leaked.popleft())

    def close(self) -> None:
        self._pool.close(timeout=1.0)

    @contextmanager
    def conversation(
        self, seconds: float = _CONVERSATION_SECONDS, wait_seconds: float = _POOL_WAIT_SECONDS
    ) -> Iterator[Conversation]:
        """A transaction, committed at the end; raises UnavailableError when the database fails or is too slow."""
        try:
            with self._pool.connection(wait_seconds) as connection, cut_after(connection, seconds):
                yield Conversation(connection, self._metrics)
                connection.commit()
        except psycopg.OperationalError as error:
            if _lost(error):
                # The other idle connections most likely died with this one: do not let each cost a request.
                self._pool.drain()
            raise UnavailableError from error

    def record_pool(self) -> None:
        """Bring the gauge of pool connections up to date."""
        stats = self._pool.get_stats()
        idle = stats.get("pool_available", 0)
        self._metrics.connections.labels("idle").set(idle)
        self._metrics.connections.labels("used").set(max(0, stats.get("pool_size", 0) - idle))


def _lost(error: psycopg.OperationalError) -> bool:
    """Whether the connection was lost: such errors come from the client without a code, or as class 57P."""
    return type(error) is psycopg.OperationalError or (error.sqlstate or "").startswith("57P")
