"""Why PostgreSQL or the way to it said no, as one of the closed set of classes."""

from __future__ import annotations

from exporters.core.errors import CollectError, ErrorClass

# SQLSTATE, whole or its first characters: https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: tuple[tuple[str, ErrorClass], ...] = (
    ("28", ErrorClass.AUTH),  # no such role, wrong password, refused by pg_hba.conf
    ("3D000", ErrorClass.AUTH),  # no such database for us to log in to
    ("42501", ErrorClass.PERMISSION),
    ("53", ErrorClass.EXHAUSTED),  # connections, memory, disk
    ("57014", ErrorClass.TIMEOUT),  # statement_timeout
    ("55P03", ErrorClass.TIMEOUT),  # lock_timeout
    ("25P03", ErrorClass.TIMEOUT),  # idle_in_transaction_session_timeout
    ("40", ErrorClass.TIMEOUT),  # gave way to another transaction or, on a standby, to recovery
    ("57P", ErrorClass.REFUSED),  # shutting down, starting up, dropped
    ("55000", ErrorClass.VERSION),  # pg_stat_statements must be loaded via shared_preload_libraries
    ("42", ErrorClass.VERSION),  # no such column, function, view
    ("0A", ErrorClass.VERSION),  # feature not supported
    ("08", ErrorClass.PROTOCOL),
)

# libpq gives no SQLSTATE for a connection that never stood, only its own English text and the server's, which is in
# the language of lc_messages. The first text found wins: TLS stands before the refusals it comes with.
_BY_TEXT: tuple[tuple[tuple[str, ...], ErrorClass], ...] = (
    (("received invalid response", "expected authentication request"), ErrorClass.PROTOCOL),
    (("no encryption", "SSL off", "SSL required"), ErrorClass.TLS),  # pg_hba.conf or PgBouncer asks for TLS
    (("does not support SSL", "SSL error", "SSL connection", "certificate", "SSL SYSCALL", "sslmode"), ErrorClass.TLS),
    (("too many clients", "too many connections", "remaining connection slots", "no more connections"),
     ErrorClass.EXHAUSTED),
    (("starting up", "shutting down", "in recovery mode", "not yet accepting", "not accepting"), ErrorClass.REFUSED),
    (("could not translate host name",), ErrorClass.DNS),
    (("timeout expired", "timed out", "query_wait_timeout"), ErrorClass.TIMEOUT),
    (("permission denied for database",), ErrorClass.PERMISSION),
    (("password", "authentication", "pg_hba.conf", "does not exist", "is not permitted to log in", "no such user",
      "no such database"), ErrorClass.AUTH),
    (("Connection refused", "No route to host", "Network is unreachable", "No such file or directory",
      "Permission denied", "Connection reset"), ErrorClass.REFUSED),
    (("closed the connection unexpectedly",), ErrorClass.PROTOCOL),
)  # fmt: skip


class ServerError(CollectError):
    """The server refused a statement; `state` is its SQLSTATE. The connection is still good unless `fatal`."""

    def __init__(self, state: str, detail: str, *, fatal: bool) -> None:
        super().__init__(class_of_state(state), detail)
        self.state = state
        self.fatal = fatal


class ConnectionLostError(CollectError):
    """A connection that stood is gone: the server ended it, or it was idle for too long for something in between."""


def class_of_state(state: str) -> ErrorClass:
    """Return the class of an SQLSTATE."""
    return next((found for start, found in _BY_STATE if state.startswith(start)), ErrorClass.INTERNAL)


def class_of_text(text: str) -> ErrorClass:
    """Return the class of libpq's report of a connection that could not be made."""
    return next((found for parts, found in _BY_TEXT if any(part in text for part in parts)), ErrorClass.PROTOCOL)
