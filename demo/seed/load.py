"""Loads the seed into a database: schema, rows, indexes, in one transaction."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql

from demo.seed.plan import tables
from demo.seed.size import Calendar, Size
from demo.seed.table import Table

_HERE = Path(__file__).parent
# Two concurrent seeds (two terminals, two containers) must not both run: the second waits, then finds it done.
_LOCK = 7_265_117


def load(connection: psycopg.Connection, scale: float, now: datetime) -> bool:
    """Seed the database, dated by the day of `now`, unless already done; returns whether it was. Needs autocommit."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if _seeded(connection):
            return False
        connection.execute((_HERE / "schema.sql").read_bytes())
        for table in tables(Size.scaled(scale), Calendar(now)):
            _copy(connection, table)
        connection.execute((_HERE / "indexes.sql").read_bytes())
    # Otherwise autovacuum would run at some later moment, in the middle of a first look at the demo.
    connection.execute("VACUUM ANALYZE")
    return True


def _seeded(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT to_regclass('public.interactions') IS NOT NULL").fetchone()
    return row is not None and bool(row[0])


def _copy(connection: psycopg.Connection, table: Table) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    # FREEZE: the table is created in this transaction; avoids a later rewrite of its hint bits.
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FREEZE)").format(sql.Identifier(table.name), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        lines = io.StringIO()
        for number, row in enumerate(table.rows, 1):
            lines.write("\t".join(["\\N" if value is None else str(value) for value in row]) + "\n")
            if number % 2_000 == 0:
                copy.write(lines.getvalue())
                lines = io.StringIO()
        copy.write(lines.getvalue())
