"""Invalid indexes, left by commands that failed as they fail in earnest."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from tests.support.servers import Postgres

Break = Callable[[Postgres, str], None]


def cancelled_index(table: str, command: str) -> Break:
    """Return what runs a concurrent command next to a transaction that writes to the table, until its lock timeout."""

    def leave(server: Postgres, dbname: str) -> None:
        with psycopg.connect(server.dsn(dbname), connect_timeout=5) as writer:
            writer.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE".encode())
            _fails(server, dbname, command, psycopg.errors.LockNotAvailable)

    return leave


def refused_index(command: str) -> Break:
    """Return what creates a unique index on rows that are not."""
    return lambda server, dbname: _fails(server, dbname, command, psycopg.errors.UniqueViolation)


def _fails(server: Postgres, dbname: str, command: str, error: type[psycopg.Error]) -> None:
    options = "-c lock_timeout=100ms"
    with psycopg.connect(server.dsn(dbname), autocommit=True, connect_timeout=5, options=options) as connection:
        try:
            connection.execute(command.encode())
        except error:
            return
    raise AssertionError(f"expected {error.__name__}: {command}")
