"""Applies advice of a closed list of kinds: in short locks, all of it or nothing.

CREATE INDEX CONCURRENTLY and DROP INDEX CONCURRENTLY that give up leave an invalid index, which costs each write and
serves no search: it is dropped. https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError
from exporters.core.postgres_dsn import Dsn
from exporters.core.postgres_errors import ServerError
from pantrywatch.analysis.advise.advice import Advice, identifier, qualified
from pantrywatch.analysis.advise.connection import STATEMENT_SECONDS, Connection
from pantrywatch.analysis.advise.reading import Reader, Source
from pantrywatch.native.console import say

_NAME = r'(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+")'
_PLACE = rf"{_NAME}\.{_NAME}"
_KEY = rf"(?:{_NAME}|lower\({_NAME}\))"
_OPTION = r"autovacuum_[a-z_]+"
# All that is ever applied: kind → its only statement. Each takes a lock that reads and writes do not wait for.
_SAFE: Mapping[str, re.Pattern[str]] = {
    "create-index": re.compile(
        rf"CREATE INDEX CONCURRENTLY (?P<index>{_NAME}) ON (?P<table>{_PLACE}) \({_KEY}(?:, {_KEY})*\);"
    ),
    "drop-index": re.compile(rf"DROP INDEX CONCURRENTLY (?P<index>{_PLACE});"),
    "analyze-table": re.compile(rf"ANALYZE (?P<table>{_PLACE});"),
    "autovacuum-table": re.compile(
        rf"ALTER (?:TABLE|MATERIALIZED VIEW) (?P<table>{_PLACE}) "
        rf"(?:RESET \({_OPTION}(?:, {_OPTION})*\)|SET \({_OPTION} = [0-9.]+\));"
    ),
}
# A build that takes longer is to be planned by a person.
_LONGEST_SECONDS = 3600.0
# A transaction that is as old holds its locks longer than `lock_timeout`.
_LOCK_SECONDS = 1
_SESSION = (
    "SET search_path = pg_catalog, pg_temp",
    f"SET lock_timeout = '{_LOCK_SECONDS}s'",
    f"SET statement_timeout = '{_LONGEST_SECONDS:.0f}s'",
)
# How long an invalid index is tried to be dropped: it waits for the very transaction that made the change give up.
_PATIENCE_SECONDS = 600.0
_RETRY_SECONDS = 1.0
_TABLE = """
SELECT to_jsonb(q)
FROM (
  SELECT
    c.oid::bigint::text AS oid, n.nspname AS schema, c.relname AS name, r.rolname AS owner, r.rolsuper AS is_superusers,
    pg_has_role(session_user, c.relowner, 'MEMBER') AS is_member, session_user::text AS role,
    pg_backend_pid() AS process_id
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_roles AS r ON r.oid = c.relowner
  WHERE c.oid = coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass($1)), to_regclass($1))
) AS q
"""
# Both wait for whoever holds a lock on the table, a build also for all older snapshots of the database.
_BLOCKING = """
SELECT coalesce(extract(epoch FROM max(now() - a.xact_start))::int::text, '')
FROM pg_locks AS l
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND (a.pid IS NULL OR a.xact_start < now() - interval '1 s')
  AND (
    l.locktype = 'relation' AND l.relation::bigint::text = $1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    OR $2 = 'create-index' AND a.datname = current_database() AND a.backend_xmin IS NOT NULL
      AND a.backend_type = 'client backend'
  )
HAVING count(*) > 0
"""
_IS_INVALID = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT (indisvalid AND indisready)"
_IS_RUNNING = "SELECT 1 FROM pg_stat_activity WHERE pid::text = $1 AND usename = session_user"
_REASONS = {
    "55P03": f"a lock was not free within {_LOCK_SECONDS} s: try again when it is quiet",
    "57014": f"it took longer than {_LONGEST_SECONDS:.0f} s, or was canceled at the server",
    "42501": "the role may not do this: provisioning/database/advise-role.sql says what it needs",
}


class NotAppliedError(Exception):
    """Nothing was changed, or what was begun is taken back; the text says why, and what remains where it could not."""


@dataclass(frozen=True, slots=True)
class Table:
    """The table that is changed, as the server knows it, and who may change it."""

    oid: str
    schema: str
    name: str
    owner: str
    is_superusers: bool
    is_member: bool
    role: str
    process_id: int

    @property
    def place(self) -> str:
        """Return its name as SQL takes it."""
        return qualified(self.schema, self.name)


@dataclass(frozen=True, slots=True)
class Target:
    """A server to change: how its advice is read, and the role that changes it."""

    source: Source
    dsn: Dsn


def refusal(one: Advice) -> str:
    """Return why this advice is never applied, an empty text if it may be."""
    if one.kind not in _SAFE:
        return f"only {', '.join(_SAFE)} are applied: run its SQL yourself"
    if len(one.sql) != 1 or not _SAFE[one.kind].fullmatch(one.sql[0]):
        return "its SQL blocks others while it runs, or is more than one statement: run it yourself"
    return ""


def apply_advice(target: Target, one: Advice, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Run the statement of advice that `refusal` has nothing against.

    Raises NotAppliedError if that could not be done within its limits of time; then no invalid index remains.
    """
    table = require_possible(target, one)
    process_id = ""
    try:
        with _connected(target, one.database, table) as connection:
            process_id = str(connection.process_id)
            connection.result(one.sql[0], (), _LONGEST_SECONDS + STATEMENT_SECONDS)
    except (CollectError, KeyboardInterrupt) as error:
        if not isinstance(error, ServerError):
            _cancel(target, one.database, table, process_id)
        index = index_of(one, table)
        is_dropped = bool(index) and _drop_invalid(target, one.database, table, (index, process_id), patience_seconds)
        if not (is_dropped and one.kind == "drop-index"):
            raise NotAppliedError(_reason(error)) from error


def require_possible(target: Target, one: Advice) -> Table:
    """Return the table that advice is about.

    Raises NotAppliedError where the role may not change it, and while somebody is in the way.
    """
    found = _SAFE[one.kind].fullmatch(one.sql[0])
    names = found.groupdict() if found else {}
    try:
        with Connection(target.dsn, _SESSION, one.database.encode()) as connection:
            rows = connection.values(_TABLE, names.get("table") or names["index"])
            table = Table(**json.loads(rows[0])) if rows else None
            is_direct = table is None or table.process_id == connection.process_id
    except CollectError as error:
        raise NotAppliedError(f"the role of the section advise cannot connect: {error.error_class}") from error
    if table is None:
        raise NotAppliedError("the server does not have it any more")
    _require_allowed(table, is_direct=is_direct)
    _require_unblocked(target.source, one, table)
    return table


def index_of(one: Advice, table: Table) -> str:
    """Return the index that advice creates or drops, as SQL takes its name; an empty text if it is about a table."""
    found = _SAFE[one.kind].fullmatch(one.sql[0])
    index = found.groupdict().get("index") if found else None
    return f"{identifier(table.schema)}.{index}" if index and one.kind == "create-index" else index or ""


def _require_allowed(table: Table, *, is_direct: bool) -> None:
    if not is_direct:
        raise NotAppliedError("a pooler is between: name the address of the server itself in the section advise")
    if table.is_superusers:
        raise NotAppliedError(f"{table.place} belongs to a superuser: run the SQL yourself, or give it another owner")
    if not table.is_member:
        grant = f"GRANT {identifier(table.owner)} TO {identifier(table.role)};"
        raise NotAppliedError(f"{table.place} belongs to another role; what allows it is: {grant}")


def _require_unblocked(source: Source, one: Advice, table: Table) -> None:
    """Raise NotAppliedError for a transaction that the change would wait for: it is asked as the role that reads."""
    try:
        with Reader(source, lambda _: None, one.database.encode()) as reader:
            found = reader.run(_BLOCKING, table.oid, one.kind)
    except CollectError as error:
        raise NotAppliedError(f"the transactions on {table.place} could not be read: {error.error_class}") from error
    if found:
        who = f"a transaction that is open for {found[0]} s" if found[0] else "a prepared transaction"
        raise NotAppliedError(f"{who} is in the way on {table.place}: try again when it has ended")


def _connected(target: Target, database: str, table: Table) -> Connection:
    """Return a connection as the owner of the table, whose rights the role does not use for anything else."""
    session = (*_SESSION, f"SET ROLE {identifier(table.owner)}")
    return Connection(target.dsn, session, database.encode())


def _cancel(target: Target, database: str, table: Table, process_id: str) -> None:
    with contextlib.suppress(CollectError), _connected(target, database, table) as connection:
        connection.values("RESET ROLE")
        connection.values("SELECT pg_cancel_backend($1::int)::text", process_id or "0")


def _drop_invalid(target: Target, database: str, table: Table, left: tuple[str, str], patience_seconds: float) -> bool:
    """Drop the index if it is there and invalid; returns whether it was. `left`: its name, the process that left it.

    Raises NotAppliedError with what remains, if it could not be dropped in time.
    """
    index, process_id = left
    drop, deadline, was_invalid = f"DROP INDEX CONCURRENTLY {index};", Deadline.after(patience_seconds), False
    while True:
        try:
            with _connected(target, database, table) as connection:
                if not connection.values(_IS_RUNNING, process_id):
                    if not connection.values(_IS_INVALID, index):
                        return was_invalid
                    if not was_invalid:
                        say(f"{index} is invalid now: dropping it, which waits for the transaction that is in the way")
                    was_invalid = True
                    connection.values(drop)
        except CollectError as error:
            if deadline.passed():
                raise NotAppliedError(
                    f"{_reason(error)}. An invalid index may remain; what removes it is: {drop}"
                ) from error
        time.sleep(_RETRY_SECONDS)


def _reason(error: CollectError | KeyboardInterrupt) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    known = _REASONS.get(error.state) if isinstance(error, ServerError) else None
    return known or f"the server did not do it: {error.error_class}"
