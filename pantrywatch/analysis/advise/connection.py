"""A connection to one database of a server: one statement at a time, each by its own deadline."""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Self

from psycopg import Error
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_connect import connect, wait_for
from exporters.core.postgres_dsn import Dsn
from exporters.core.postgres_errors import ServerError
from exporters.core.postgres_replies import ReplyLimit

_CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 15.0  # more than statement_timeout, so that the server ends it and the connection lives


class Connection:
    """Connected from the start, with its session's settings; `database` is its name as stored, None: that of the DSN.

    Raises CollectError.
    """

    def __init__(self, dsn: Dsn, session: Sequence[str], database: bytes | None = None) -> None:
        self._connection: PGconn = connect(dsn, Deadline.after(_CONNECT_SECONDS), database)
        self._connection.nonblocking = 1
        self.major = self._connection.server_version // 10000
        try:
            for statement in session:
                self.result(statement)
        except BaseException:
            self._connection.finish()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.finish()

    @property
    def process_id(self) -> int:
        """Return the process of the server that answers, as named at the start: a pooler makes up another."""
        return self._connection.backend_pid

    def values(self, sql: str, *values: str) -> list[str]:
        """Return the first column of one statement. Raises CollectError."""
        result = self.result(sql, values)
        return [(result.get_value(row, 0) or b"").decode() for row in range(result.ntuples)]

    def result(self, sql: str, values: Sequence[str] = (), seconds: float = STATEMENT_SECONDS) -> PGresult:
        """Return the result of one statement, never later than its deadline, never larger than a reply may be.

        Raises CollectError: what was sent may then still run at the server, unless it is a ServerError.
        """
        deadline, connection = Deadline.after(seconds), self._connection
        limit = ReplyLimit(connection)
        try:
            connection.send_query_params(sql.encode(), [value.encode() for value in values])
            while connection.flush():
                wait_for(connection, select.POLLOUT | select.POLLIN, deadline)
            while connection.is_busy():
                wait_for(connection, select.POLLIN, deadline)
                with limit.reading():
                    connection.consume_input()
            result, after = connection.get_result(), connection.get_result()
        except Error as error:
            raise CollectError(ErrorClass.PROTOCOL, type(error).__name__) from None
        if result is None or after is not None:
            raise CollectError(ErrorClass.PROTOCOL)
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            state = (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()
            raise ServerError(state, "", fatal=False) if state else CollectError(ErrorClass.PROTOCOL)
        return result
