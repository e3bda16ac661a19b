"""Why PostgreSQL, PgBouncer or the network refused, as one of the closed set of classes."""

from __future__ import annotations

from exporters.core.errors import CollectError, ErrorClass

# SQLSTATE, in full or its first characters; the first match wins.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: tuple[tuple[str, ErrorClass], ...] = (
    ("28", ErrorClass.AUTH),  # no such role, wrong password, refused by pg_hba.conf
    ("3D000", ErrorClass.AUTH),  # no such database to log in to
    ("42501", ErrorClass.PERMISSION),
    ("53", ErrorClass.EXHAUSTED),  # connections, memory, disk
    ("57014", ErrorClass.TIMEOUT),  # statement_timeout, or canceled by an operator
    ("55P03", ErrorClass.TIMEOUT),  # lock_timeout
    ("25P03", ErrorClass.TIMEOUT),  # idle_in_transaction_session_timeout
    ("25P04", ErrorClass.TIMEOUT),  # transaction_timeout
    ("57P05", ErrorClass.TIMEOUT),  # idle_session_timeout
    ("40", ErrorClass.TIMEOUT),  # aborted in favor of another transaction or, on a standby, of recovery
    ("57P03", ErrorClass.STARTING),  # starting up, or in recovery and not yet accepting connections
    ("57P", ErrorClass.REFUSED),  # shutting down, dropped
    ("25006", ErrorClass.READONLY),  # a standby, or a read-only default
    ("58", ErrorClass.STORAGE),  # the server cannot read or write its own files
    ("42601", ErrorClass.PROTOCOL),  # a syntax error: the fault of the statement's author, in every version
    ("55000", ErrorClass.VERSION),  # pg_stat_statements must be loaded via shared_preload_libraries
    ("42", ErrorClass.VERSION),  # no such column, function, view
    ("0A", ErrorClass.VERSION),  # feature not supported
)

# libpq gives no SQLSTATE for a connection that was never established, only its own English text and the server's, which
# is in the language of lc_messages; PgBouncer sends 08P01 for everything. The first matching text wins.
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
    (("permission denied for database", "not allowed"), ErrorClass.PERMISSION),  # PgBouncer's admin console
    (("password", "authentication", "auth failed", "pg_hba.conf", "does not exist", "is not permitted to log in",
      "no such user", "no such database"), ErrorClass.AUTH),
    (("Connection refused", "No route to host", "Network is unreachable", "No such file or directory",
      "Permission denied"), ErrorClass.REFUSED),
)  # fmt: skip
_UNENCRYPTED = ("no encryption", "SSL off")
_ENCRYPTED = ("SSL encryption", "SSL on", "GSS encryption")


class ServerError(CollectError):
    """The server refused a statement; `state` is its SQLSTATE. The connection is still usable unless `fatal`."""

    def __init__(self, state: str, detail: str, *, fatal: bool) -> None:
        super().__init__(class_of_statement_error(state, detail), detail)
        self.state = state
        self.fatal = fatal


class ConnectionLostError(CollectError):
    """An established connection was lost: closed by the server, or by a proxy's idle timeout."""


def class_of_statement_error(state: str | None, text: str) -> ErrorClass:
    """Return the class of a refused statement: by its SQLSTATE, or by its text if that is not specific."""
    if not state or state.startswith("08"):
        return class_of_connection_error(text)
    return next((found for start, found in _BY_STATE if state.startswith(start)), ErrorClass.PROTOCOL)


def class_of_connection_error(text: str) -> ErrorClass:
    """Return the class of libpq's report of a failed or lost connection: protocol if unknown."""
    # Refused with encryption as well as without: encryption is not what pg_hba.conf requires.
    if is_unencrypted_refusal(text) and any(words in text for words in _ENCRYPTED):
        return ErrorClass.AUTH
    return next((found for parts, found in _BY_TEXT if any(part in text for part in parts)), ErrorClass.PROTOCOL)


def is_unencrypted_refusal(text: str) -> bool:
    """Return whether pg_hba.conf refused an unencrypted connection, whether or not that was the reason."""
    return "pg_hba.conf" in text and any(words in text for words in _UNENCRYPTED)
