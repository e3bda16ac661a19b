"""One connection to PostgreSQL that never waits beyond a deadline.

Built on libpq's non-blocking calls: the waiting happens here, so the deadline is exact and needs no extra thread; a
frozen server or a dead link cannot hold the caller.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import psycopg
from psycopg import pq

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_connect import connect, wait_for
from exporters.core.postgres_dsn import Dsn
from exporters.core.postgres_errors import ConnectionLostError, ServerError
from exporters.core.postgres_replies import ReplyLimit

_GOOD = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY)

_RECEIVED_BYTES = 4096
_RESULTS = 3  # of a message: the isolation, the settings, the query

# A role, a database or postgresql.conf can set any default; these are the ones that would change or prevent our
# answers. A statement of its own, because one that reads (SELECT set_config) fails on a hot standby whose default is
# serializable.
_ISOLATION = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY;"
_SETTINGS = {
    "extra_float_digits": "1",  # below this, large counters lose their last digits
    "jit": "off",  # JIT compilation costs more than any of these statements
}
_SETTINGS_SINCE_17 = {
    "transaction_timeout": "0"
}  # that would end the connection; statement_timeout bounds the statement


class Connection:
    """An open connection; any failure other than a refused statement closes it."""

    def __init__(self, dsn: Dsn, deadline: Deadline, database: bytes | None = None) -> None:
        """Connect, to another database of the server if one is given. Raises CollectError."""
        self._pgconn = connect(dsn, deadline, database)
        self._pgconn.nonblocking = 1
        version = self._pgconn.server_version
        self.major = version // 10000
        self.broken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close without waiting."""
        self.broken = True
        self._pgconn.finish()

    def leave(self, seconds: float) -> None:
        """Close, and wait at most this long for the server to end its process: it then closes the socket.

        libpq closes its socket without waiting, so a copy of it is what the end is read from.
        """
        if self.broken:
            return
        with socket.socket(fileno=os.dup(self._pgconn.socket)) as copy, contextlib.suppress(OSError):
            self.close()
            copy.settimeout(seconds)
            while copy.recv(_RECEIVED_BYTES):
                pass

    def parameter(self, name: str) -> str:
        """Return a parameter that the server reported when we connected, for instance server_version."""
        return (self._pgconn.parameter_status(name.encode()) or b"").decode()

    def select(  # noqa: PLR0913 - what holds for this statement alone
        self,
        query: str,
        deadline: Deadline,
        *,
        statement_seconds: float,
        lock_seconds: float,
        search_path: Sequence[str] = (),
        time_zone: str = "",
    ) -> pq.abc.PGresult:
        """Return the result of one read-only statement, in one round trip.

        Functions, operators and tables are looked up only in pg_catalog and in the schemas of `search_path`. All
        statements travel in one message, which the server runs as one transaction: settings end with it, no transaction
        stays open after an error, and it works through PgBouncer. `time_zone` is the session's, if one is given.

        Raises CollectError: protocol, with the connection closed, if the peer sends something else than was asked for,
        or more than `LARGEST_REPLY_BYTES`.
        """
        message = _transaction(
            self.major,
            {
                "search_path": _path(search_path),
                "statement_timeout": str(max(1, round(statement_seconds * 1000))),
                "lock_timeout": str(max(1, round(lock_seconds * 1000))),
                **({"TimeZone": time_zone} if time_zone else {}),
            },
        )
        return self._last((message + query).encode(), _RESULTS, deadline)

    def show(self, command: str, deadline: Deadline) -> pq.abc.PGresult:
        """Return the result of one command outside any transaction: all that PgBouncer's admin console takes.

        Raises CollectError, as `select`.
        """
        return self._last(command.encode(), 1, deadline)

    def _last(self, message: bytes, expected: int, deadline: Deadline) -> pq.abc.PGresult:
        results = self._run(message, deadline)
        failed = next((result for result in results if result.status not in _GOOD), None)
        if failed is not None:
            raise self._error(failed)
        if len(results) != expected:
            self.close()  # frees what libpq holds of an answer that may be large
            raise CollectError(ErrorClass.PROTOCOL, f"{len(results)} results, expected {expected}")
        return results[-1]

    def _run(self, message: bytes, deadline: Deadline) -> list[pq.abc.PGresult]:
        try:
            return self._exchange(message, deadline)
        except psycopg.Error as error:
            self.close()
            raise ConnectionLostError(ErrorClass.PROTOCOL, type(error).__name__) from None
        except BaseException:
            self.close()  # in the middle of an answer: no longer usable
            raise

    def _exchange(self, message: bytes, deadline: Deadline) -> list[pq.abc.PGresult]:
        pgconn, results = self._pgconn, list[pq.abc.PGresult]()
        limit = ReplyLimit(pgconn)
        pgconn.send_query(message)
        while pgconn.flush():
            wait_for(pgconn, select.POLLOUT | select.POLLIN, deadline)
            with limit.reading():
                pgconn.consume_input()
        while True:
            while pgconn.is_busy():
                wait_for(pgconn, select.POLLIN, deadline)
                with limit.reading():
                    pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                return results
            limit.check(result)
            results.append(result)

    def _error(self, result: pq.abc.PGresult) -> CollectError:
        state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        lost = self._pgconn.status == pq.ConnStatus.BAD
        if lost:
            self.close()
        if not state:
            return ConnectionLostError(ErrorClass.PROTOCOL, "the server closed the connection")
        text = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
        return ServerError(state, text, fatal=lost)


def _transaction(major: int, settings: Mapping[str, str]) -> str:
    """Return the statements before the query: isolation, then settings that end with the transaction.

    As function arguments the values are constants to pg_stat_statements: one entry, not one for each value.
    """
    every = {**(_SETTINGS_SINCE_17 if major >= 17 else {}), **settings, **_SETTINGS}
    calls = ", ".join(f"pg_catalog.set_config('{name}', {_literal(value)}, true)" for name, value in every.items())
    return f"{_ISOLATION} SELECT {calls};"


def _path(schemas: Sequence[str]) -> str:
    """Return a search path; pg_temp comes last, or it would be searched first for tables and types."""
    quoted = ['"' + schema.replace('"', '""') + '"' for schema in schemas]
    return ", ".join(["pg_catalog", *quoted, "pg_temp"])


def _literal(text: str) -> str:
    """Return a string constant that means the same with standard_conforming_strings off."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
