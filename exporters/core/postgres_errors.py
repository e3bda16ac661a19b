"""Why PostgreSQL, PgBouncer or the way to them said no, as one of the closed set of classes."""

from __future__ import annotations

from exporters.core.errors import CollectError, ErrorClass

# SQLSTATE, whole or its first characters; the first that fits wins.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: tuple[tuple[str, ErrorClass], ...] = (
    ("28", ErrorClass.AUTH),  # no such role, wrong password, refused by pg_hba.conf
    ("3D000", ErrorClass.AUTH),  # no such database for us to log in to
    ("42501", ErrorClass.PERMISSION),
    ("53", ErrorClass.EXHAUSTED),  # connections, memory, disk
    ("57014", ErrorClass.TIMEOUT),  # statement_timeout, or canceled by an operator
    ("55P03", ErrorClass.TIMEOUT),  # lock_timeout
    ("25P03", ErrorClass.TIMEOUT),  # idle_in_transaction_session_timeout
    ("25P04", ErrorClass.TIMEOUT),  # transaction_timeout
    ("57P05", ErrorClass.TIMEOUT),  # idle_session_timeout
    ("40", ErrorClass.TIMEOUT),  # gave way to another transaction or, on a standby, to recovery
    ("57P03", ErrorClass.STARTING),  # starting up, or in recovery that takes no connections yet
    ("57P", ErrorClass.REFUSED),  # shutting down, dropped
    ("25006", ErrorClass.READONLY),  # a standby, or a read-only default
    ("58", ErrorClass.STORAGE),  # the server cannot read or write its own files
    ("42601", ErrorClass.PROTOCOL),  # a syntax error: of whoever wrote the statement, in every version
    ("55000", ErrorClass.VERSION),  # pg_stat_statements must be loaded via shared_preload_libraries
    ("42", ErrorClass.VERSION),  # no such column, function, view
    ("0A", ErrorClass.VERSION),  # feature not supported
)

# libpq gives no SQLSTATE for a connection that was never established, only its own English text and the server's, which
# is in the language of lc_messages; PgBouncer gives 08P01 for everything. The first text found wins.
_BY_TEXT: tuple[tuple[tuple[str, ...], ErrorClass], ...] = (
    (("received invalid response", "expected authentication request"), ErrorClass.PROTOCOL),
    (("no encryption", "SSL off", "SSL required"), ErrorClass.TLS),  # pg_hba.conf or PgBouncer asks for TLS
    (("does not support SSL", "SSL error", "SSL connection", "certificate", "SSL SYSCALL", "sslmode"), ErrorClass.TLS),
    (("too many clients", "too many connections", "remaining connection slots", "no more connections"),
     ErrorClass.EXHAUSTED),
    (("starting up", "in recovery mode", "not yet accepting"), ErrorClass.STARTING),
    (("shutting down", "not accepting", "not currently accepting", "invalid database", "server_login_retry",
      "terminating connection due to admin"),
     ErrorClass.REFUSED),
    (("could not translate host name",), ErrorClass.DNS),
    (("timeout expired", "timed out", "query_wait_timeout", "query_timeout", "login_timeout"), ErrorClass.TIMEOUT),
    (("permission denied for database",), ErrorClass.PERMISSION),
    (("password", "authentication", "auth failed", "pg_hba.conf", "does not exist", "is not permitted to log in",
      "no such user", "no such database"), ErrorClass.AUTH),
    (("Connection refused", "No route to host", "Network is unreachable", "No such file or directory",
      "Permission denied"), ErrorClass.REFUSED),
)  # fmt: skip
_UNENCRYPTED = ("no encryption", "SSL off")
_ENCRYPTED = ("SSL encryption", "SSL on", "GSS encryption")


class ServerError(CollectError):
    """The server refused a statement; `state` is its SQLSTATE. The connection is still good unless `fatal`."""

    def __init__(self, state: str, detail: str, *, fatal: bool) -> None:
        super().__init__(class_of_statement_error(state, detail), detail)
        self.state = state
        self.fatal = fatal


class ConnectionLostError(CollectError):
    """An established connection was lost: closed by the server, or by a proxy's idle timeout."""


def class_of_statement_error(state: str | None, text: str) -> ErrorClass:
    """Return the class of a refused statement: by its SQLSTATE, by its text where that says nothing."""
    if not state or state.startswith("08"):
        return class_of_connection_error(text)
    return next((found for start, found in _BY_STATE if state.startswith(start)), ErrorClass.PROTOCOL)


def class_of_connection_error(text: str) -> ErrorClass:
    """Return the class of libpq's report of a connection that could not be made or was cut: protocol if unknown."""
    # Refused with encryption as well as without: encryption is not what pg_hba.conf asks for.
    if is_unencrypted_refusal(text) and any(words in text for words in _ENCRYPTED):
        return ErrorClass.AUTH
    return next((found for parts, found in _BY_TEXT if any(part in text for part in parts)), ErrorClass.PROTOCOL)


def is_unencrypted_refusal(text: str) -> bool:
    """Return whether pg_hba.conf refused a connection without encryption: the lack of it may be the reason or not."""
    return "pg_hba.conf" in text and any(words in text for words in _UNENCRYPTED)
