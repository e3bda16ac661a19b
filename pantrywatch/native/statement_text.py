"""`pantrywatch statement QUERYID`: the text of a statement, read from the servers of the settings and kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError
from exporters.core.postgres_connect import connect
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import secret_from
from pantrywatch.config.settings import read_settings

_SECONDS = 10.0
_SETTINGS = b"SET search_path = pg_catalog; SET statement_timeout = '10s'; SET default_transaction_read_only = on"
_SCHEMA = b"""SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'"""
_TEXTS = """SELECT d.datname, pg_get_userbyid(s.userid), s.calls, s.query
FROM {schema}.pg_stat_statements(true) AS s JOIN pg_database AS d ON d.oid = s.dbid
WHERE s.queryid = $1::bigint AND s.query IS NOT NULL"""


def print_statement(queryid: int, settings_file: Path) -> int:
    """Print the text on each server that has the statement, with database, role and calls; 1 if none has it."""
    found = False
    for position, target in enumerate(read_settings(settings_file).database):
        if target.pgbouncer:
            continue
        entry = f"database[{position}].dsn"
        dsn = Dsn(secret_from(target.dsn, target.dsn_file, entry, str(settings_file)), entry, str(settings_file))
        try:
            for line in _texts(dsn, queryid):
                found = True
                print(f"{target.name}: {line}")
        except CollectError as error:
            print(f"{target.name}: {error.error_class}: not readable")
    if not found:
        print(f"no server of {settings_file} has a statement {queryid}")
    return int(not found)


def _texts(dsn: Dsn, queryid: int) -> Iterator[str]:
    connection = connect(dsn, Deadline.after(_SECONDS))
    try:
        connection.exec_(_SETTINGS)
        for (schema,) in _rows(connection, _SCHEMA, []):
            for row in _rows(connection, _TEXTS.format(schema=schema).encode(), [str(queryid).encode()]):
                database, role, calls, text = row
                yield f"database {database}, role {role}, {calls} calls\n{text}\n"
    finally:
        connection.finish()


def _rows(connection: PGconn, query: bytes, values: list[bytes]) -> list[list[str]]:
    """Return the rows as printable text: a statement may hold what a terminal would obey."""
    result = connection.exec_params(query, values)
    if result.status != ExecStatus.TUPLES_OK:
        return []
    cells = [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]
    return [[_printable((cell or b"").decode(errors="replace")) for cell in row] for row in cells]


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text)
