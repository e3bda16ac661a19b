"""A query to PostgreSQL, over a new connection as an application's first one would be."""

from __future__ import annotations

import math
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from exporters.core.checks.check import CheckSettings, Entry, Observation, Probe, expect
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.settings import Secret
from exporters.synthetic.sockets import time_left

if TYPE_CHECKING:
    from psycopg import Connection, Error

# By SQLSTATE, the longest start that fits (PostgreSQL's appendix A); anything else is an answer not expected.
_BY_STATE = {
    "28": ErrorClass.AUTH,
    "42501": ErrorClass.PERMISSION,
    "53": ErrorClass.EXHAUSTED,
    "57014": ErrorClass.TIMEOUT,
    "55P03": ErrorClass.TIMEOUT,
    "42P01": ErrorClass.VERSION,
    "42703": ErrorClass.VERSION,
    "42883": ErrorClass.VERSION,
}

# libpq gives no SQLSTATE for a connection that failed, only words; the first that fit win.
_BY_WORDS = tuple(
    (re.compile(words, re.IGNORECASE), error_class)
    for words, error_class in (
        (r"password|pg_hba\.conf|role .* does not exist|authentication failed", ErrorClass.AUTH),
        (r"permission denied", ErrorClass.PERMISSION),
        (r"too many (clients|connections)|connection slots|no more connections", ErrorClass.EXHAUSTED),
        (r"resolve|translate host name|name or service", ErrorClass.DNS),
        (r"refused|unreachable|no route|no such file", ErrorClass.REFUSED),
        (r"timeout|timed out", ErrorClass.TIMEOUT),
        (r"SSL|certificate", ErrorClass.TLS),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlCheck(CheckSettings):
    """Passes when the query, run read-only, gives `expect_rows` rows, and `expect_value` first, where these are set.

    Its whole answer is read into memory: ask for few rows.
    """

    kind: Literal["sql"]
    dsn: str | None = None
    dsn_file: str | None = None
    query: str = "SELECT 1"
    expect_rows: int | None = None
    expect_value: str | None = None

    def __post_init__(self) -> None:
        CheckSettings.__post_init__(self)
        expect(self.query.strip(), "a query", self.query)


def prepare(settings: SqlCheck, entry: Entry) -> Probe:
    """Return the check, its secret read. Raises ConfigError."""
    # Here and not above: settings are read by every sidecar, the driver is loaded by those that connect.
    import psycopg  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    dsn = entry.secret("dsn", settings.dsn, settings.dsn_file)
    try:
        conninfo_to_dict(dsn.reveal())
    except psycopg.ProgrammingError:
        raise entry.error("dsn", "expected a DSN like postgresql://user@host:5432/database") from None
    return partial(_check, settings, dsn)


def _check(settings: SqlCheck, dsn: Secret, observation: Observation, deadline: Deadline) -> None:
    import psycopg  # noqa: PLC0415 - as above

    try:
        with observation.phase("connect"):
            connection = _connect(dsn, deadline)
        try:
            with _cut_at(deadline, connection), observation.phase("query"):
                rows = _rows(connection, settings.query, deadline)
                # Closed without it the server would count a rollback, as after an error: db-error-rate counts those.
                connection.commit()
        finally:
            connection.close()
    except psycopg.Error as error:
        raise CollectError(_class(error, deadline), f"{type(error).__name__} {error.sqlstate or ''}") from None
    _judge(settings, rows)


def _connect(dsn: Secret, deadline: Deadline) -> Connection[tuple[Any, ...]]:
    import psycopg  # noqa: PLC0415 - as above

    # psycopg counts whole seconds, at least two: the run's hard deadline covers the rest.
    seconds = max(2, math.ceil(time_left(deadline)))
    return psycopg.connect(
        dsn.reveal(), connect_timeout=seconds, application_name="pantrywatch-check", prepare_threshold=None
    )


@contextmanager
def _cut_at(deadline: Deadline, connection: Connection[tuple[Any, ...]]) -> Iterator[None]:
    """Shut the connection's socket at the deadline, by a descriptor of our own: a number could be another's by then."""
    with socket.socket(fileno=os.dup(connection.fileno())) as link:

        def cut() -> None:
            with suppress(OSError):  # closed in this very moment
                link.shutdown(socket.SHUT_RDWR)

        with deadline.calls(cut):
            yield


def _rows(connection: Connection[tuple[Any, ...]], query: str, deadline: Deadline) -> list[tuple[Any, ...]]:
    """Return the rows of the query.

    The server has a timeout too, a little before ours, so that no query is left running there; local to the
    transaction it is safe behind a pooler, and as a parameter it is one entry in pg_stat_statements.
    """
    connection.read_only = True
    milliseconds = max(1, int(time_left(deadline) * 900))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", (str(milliseconds),))
        cursor.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def _judge(settings: SqlCheck, rows: list[tuple[Any, ...]]) -> None:
    if settings.expect_rows not in {None, len(rows)}:
        raise CollectError(ErrorClass.PROTOCOL, f"{len(rows)} rows")
    if settings.expect_value is not None and (not rows or str(rows[0][0]) != settings.expect_value):
        raise CollectError(ErrorClass.PROTOCOL, "another value than expect_value")


def _class(error: Error, deadline: Deadline) -> ErrorClass:
    import psycopg  # noqa: PLC0415 - as above

    if isinstance(error, psycopg.errors.ConnectionTimeout) or deadline.passed():
        return ErrorClass.TIMEOUT
    if state := error.sqlstate:
        return _BY_STATE.get(state) or _BY_STATE.get(state[:2], ErrorClass.PROTOCOL)
    text = str(error)
    return next((found for words, found in _BY_WORDS if words.search(text)), ErrorClass.PROTOCOL)
