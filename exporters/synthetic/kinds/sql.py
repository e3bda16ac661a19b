"""A query to PostgreSQL, over a new connection like an application's first one."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from exporters.core.checks.check import Entry, Observation, Probe
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.field_checks import not_empty
from exporters.core.postgres_errors import class_of_statement_error
from exporters.synthetic.dependency import ConnectingCheck
from exporters.synthetic.sockets import time_left

if TYPE_CHECKING:
    from psycopg import Connection, Error

    from exporters.core.postgres_dsn import Dsn


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlCheck(ConnectingCheck):
    """Passes if the query, run read-only, returns `expect_rows` rows, and `expect_value` first, if these are set.

    The whole result is read into memory: ask for few rows. More than 8 MB of them fail the check.
    """

    kind: Annotated[Literal["sql"], "A query to PostgreSQL."]
    dsn: Annotated[str | None, "Connection string without a password; exactly one of `dsn` and `dsn_file`."] = None
    dsn_file: Annotated[str | None, "The file with the connection string."] = None
    query: Annotated[str, "The query, run in a read-only transaction.", not_empty] = "SELECT 1"
    expect_rows: Annotated[int | None, "How many rows it must return."] = None
    expect_value: Annotated[str | None, "The expected text of the first column of the first row."] = None


def prepare(settings: SqlCheck, entry: Entry) -> Probe:
    """Return the check, with its secret loaded. Raises ConfigError."""
    # Imported here because every sidecar reads these settings, but only those with SQL checks need the driver.
    from exporters.core.postgres_dsn import Dsn  # noqa: PLC0415

    secret = entry.secret("dsn", settings.dsn, settings.dsn_file)
    dsn = Dsn(secret, f"{entry.path}.dsn", entry.settings_file, application_name="pantrywatch-check")
    return partial(_check, settings, dsn)


def _check(settings: SqlCheck, dsn: Dsn, observation: Observation, deadline: Deadline) -> None:
    import psycopg  # noqa: PLC0415 - as above

    try:
        with observation.phase("connect"):
            connection = _connect(dsn, observation, deadline)
        try:
            with _cut_at(deadline, connection), observation.phase("query"):
                rows = _rows(connection, settings.query, deadline)
                # Without it, closing the connection would count as a rollback, as after an error: db-error-rate counts
                # those.
                connection.commit()
        finally:
            connection.close()
    except psycopg.Error as error:
        raise CollectError(class_of(error, deadline), f"{type(error).__name__} {error.sqlstate or ''}") from None
    _judge(settings, rows)


def _connect(dsn: Dsn, observation: Observation, deadline: Deadline) -> Connection[tuple[Any, ...]]:
    """Return a connection with read-only transactions that do not start with the server's defaults.

    A default of serializable is refused by a hot standby. Raises CollectError.
    """
    import psycopg  # noqa: PLC0415 - as above

    from exporters.core.postgres_connect import connect  # noqa: PLC0415
    from exporters.synthetic.limited_connection import LimitedConnection  # noqa: PLC0415

    connection = LimitedConnection(connect(dsn, deadline, connects=observation.connects))
    connection.prepare_threshold = None
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    connection.read_only = True
    return connection


@contextmanager
def _cut_at(deadline: Deadline, connection: Connection[tuple[Any, ...]]) -> Iterator[None]:
    """Shut down the connection's socket at the deadline, by a descriptor of our own: the number could be reused."""
    with socket.socket(fileno=os.dup(connection.fileno())) as link:

        def cut() -> None:
            with suppress(OSError):  # closed at this very moment
                link.shutdown(socket.SHUT_RDWR)

        with deadline.calls(cut):
            yield


def _rows(connection: Connection[tuple[Any, ...]], query: str, deadline: Deadline) -> list[tuple[Any, ...]]:
    """Return the rows of the query.

    The server has a timeout as well, slightly before this one, so that no query keeps running there; local to the
    transaction it is safe behind a pooler, and as a parameter it is one entry in pg_stat_statements.
    """
    milliseconds = max(1, int(time_left(deadline) * 900))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_catalog.set_config('statement_timeout', %s, true)", (str(milliseconds),))
        cursor.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def _judge(settings: SqlCheck, rows: list[tuple[Any, ...]]) -> None:
    if settings.expect_rows not in {None, len(rows)}:
        raise CollectError(ErrorClass.PROTOCOL, f"{len(rows)} rows")
    if settings.expect_value is not None and (not rows or str(rows[0][0]) != settings.expect_value):
        raise CollectError(ErrorClass.PROTOCOL, "another value than expect_value")


def class_of(error: Error, deadline: Deadline) -> ErrorClass:
    """Return the class of a psycopg error: the same as in the database exporter."""
    import psycopg  # noqa: PLC0415 - as above

    if isinstance(error, psycopg.errors.ConnectionTimeout) or deadline.passed():
        return ErrorClass.TIMEOUT
    return class_of_statement_error(error.sqlstate, str(error))
