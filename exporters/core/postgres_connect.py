"""Connects to PostgreSQL by a deadline, however slowly any of its addresses responds."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence

from psycopg import pq

from exporters.core.checks.connects import Connect, Outcome, tcp_info
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_dsn import Dsn
from exporters.core.postgres_errors import class_of_connection_error, is_unencrypted_refusal
from exporters.core.postgres_replies import ReplyLimit

# These mean that no server answered: if another address gave a reason, that one is reported.
_UNHEARD = (ErrorClass.REFUSED, ErrorClass.TIMEOUT)


def connect(
    dsn: Dsn, deadline: Deadline, database: bytes | None = None, connects: list[Connect] | None = None
) -> pq.abc.PGconn:
    """Return a connection to the first address that accepts us; each gets its share of the time left.

    Each attempt over TCP is noted in `connects`. Raises CollectError.
    """
    candidates = dsn.connection_strings(database)
    failures: list[CollectError] = []
    for position, (endpoint, connection_string) in enumerate(candidates):
        share = Deadline.after(deadline.remaining() / (len(candidates) - position))
        try:
            return connect_once(connection_string, share, connects)
        except CollectError as error:
            failures.append(error)
            if error.error_class is ErrorClass.TIMEOUT:
                dsn.note_silent(endpoint)
    raise _telling(failures)


def wait_for(pgconn: pq.abc.PGconn, events: int, deadline: Deadline) -> None:
    """Return once the connection's socket is ready. Raises CollectError (timeout) at the deadline."""
    poll = select.poll()
    poll.register(pgconn.socket, events)
    if not poll.poll(deadline.remaining() * 1000):
        raise CollectError(ErrorClass.TIMEOUT, "no answer from the server in time")


def connect_once(connection_string: bytes, deadline: Deadline, connects: list[Connect] | None = None) -> pq.abc.PGconn:
    """Return a connection to the single address of a connection string. Raises CollectError."""
    pgconn = pq.PGconn.connect_start(connection_string)
    try:
        text = _failure(pgconn, deadline, connects)
        if text is None:
            return pgconn
        error_class = class_of_connection_error(text)
        if is_unencrypted_refusal(text) and error_class is ErrorClass.TLS:
            error_class = _class_without_encryption(pgconn, connection_string, deadline)
    except BaseException:
        pgconn.finish()
        raise
    pgconn.finish()
    raise CollectError(error_class, text)


def _failure(pgconn: pq.abc.PGconn, deadline: Deadline, connects: list[Connect] | None = None) -> str | None:
    """Return libpq's report of a failed connection attempt, or None once connected."""
    if pgconn.status == pq.ConnStatus.BAD:
        return pgconn.get_error_message()
    _wait_for_tcp(pgconn, deadline, connects)
    limit = ReplyLimit(pgconn)
    status: int = pq.PollingStatus.WRITING
    while status in (pq.PollingStatus.WRITING, pq.PollingStatus.READING):
        if pgconn.status == pq.ConnStatus.BAD:
            break
        wait_for(pgconn, select.POLLOUT if status == pq.PollingStatus.WRITING else select.POLLIN, deadline)
        with limit.reading():
            status = pgconn.connect_poll()
    return None if status == pq.PollingStatus.OK else pgconn.get_error_message()


def _wait_for_tcp(pgconn: pq.abc.PGconn, deadline: Deadline, connects: list[Connect] | None) -> None:
    """Wait until TCP is connected or has failed, and note which; not for a Unix socket. Raises CollectError."""
    begun = time.monotonic()
    outcome: Outcome = "timeout"
    try:
        wait_for(pgconn, select.POLLOUT, deadline)
        outcome = "refused"  # or unreachable: libpq keeps the error of the socket for its own text
    finally:
        if connects is not None and (info := tcp_info(pgconn.socket)):
            outcome = "connected" if info.connected else outcome
            connects.append(Connect(outcome, time.monotonic() - begun, info))


def _class_without_encryption(pgconn: pq.abc.PGconn, connection_string: bytes, deadline: Deadline) -> ErrorClass:
    """Return why pg_hba.conf refuses a connection without encryption: no TLS (tls), or any other rule (auth).

    If sslmode allows TLS, libpq has asked for it and the server has none. If it does not, one attempt with TLS decides:
    TLS is missing only if the server then gets further.
    """
    sslmode = next((option.val for option in pgconn.info if option.keyword == b"sslmode"), None)
    if sslmode != b"disable":
        return ErrorClass.AUTH
    encrypted = pq.PGconn.connect_start(connection_string + b" sslmode=require")
    try:
        text = _failure(encrypted, deadline) or ""
    except CollectError:
        return ErrorClass.TLS
    finally:
        encrypted.finish()
    return ErrorClass.AUTH if "pg_hba.conf" in text or "does not support SSL" in text else ErrorClass.TLS


def _telling(failures: Sequence[CollectError]) -> CollectError:
    """Return the most informative failure: a server's answer rather than no answer."""
    said = [failure for failure in failures if failure.error_class not in _UNHEARD]
    return [*said, *failures][0]
