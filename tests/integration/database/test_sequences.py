"""A sequence ends where its own range ends, or that of a column it feeds."""

from __future__ import annotations

import pytest

from exporters.core.deadline import Deadline
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.queries import read_queries
from exporters.database.session import Session
from tests.support import servers

INT, SMALL = 2_147_483_647, 32_767


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        # A bigint sequence that an int column asks by default.
        (["CREATE SEQUENCE s", "CREATE TABLE t (id int DEFAULT nextval('s'))", "SELECT setval('s', 2147000000)"],
         (2147000000 - 1) / (INT - 1)),
        # The column is wide: the sequence's own range.
        (["CREATE SEQUENCE s", "CREATE TABLE t (id bigint DEFAULT nextval('s'))", "SELECT setval('s', 2147000000)"],
         2147000000 / 2**63),
        # Owned without a default; its name in quotation marks.
        (['CREATE TABLE "T x" ("Id" smallint)', 'CREATE SEQUENCE "S x" OWNED BY "T x"."Id"',
          """SELECT setval('"S x"', 16384)"""], 16383 / (SMALL - 1)),
        (["CREATE TABLE t (id smallserial)", "SELECT setval('t_id_seq', 16384)"], 16383 / (SMALL - 1)),
        (["CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)", "SELECT setval('t_id_seq', 1073741824)"],
         (1073741824 - 1) / (INT - 1)),
        # One sequence, two columns: the worse.
        (["CREATE SEQUENCE s", "CREATE TABLE t (a bigint DEFAULT nextval('s'), b smallint DEFAULT nextval('s'))",
          "SELECT setval('s', 16384)"], 16383 / (SMALL - 1)),
        # Used up for the column: every insert fails.
        (["CREATE SEQUENCE s", "CREATE TABLE t (id smallint DEFAULT nextval('s'))", "SELECT setval('s', 40000)"], 1.0),
        (["CREATE SEQUENCE s MINVALUE 40000", "CREATE TABLE t (id smallint DEFAULT nextval('s'))",
          "SELECT setval('s', 40001)"], 1.0),
        # Descending, to the lower end of the column.
        (["CREATE SEQUENCE s INCREMENT -1 MAXVALUE 0", "CREATE TABLE t (id smallint DEFAULT nextval('s'))",
          "SELECT setval('s', -16384)"], 0.5),
        # Domains: of the column, and with a default of their own.
        (["CREATE SEQUENCE s", "CREATE DOMAIN small AS smallint", "CREATE DOMAIN smaller AS small",
          "CREATE TABLE t (id smaller DEFAULT nextval('s'))", "SELECT setval('s', 16384)"], 16383 / (SMALL - 1)),
        (["CREATE SEQUENCE s", "CREATE DOMAIN numbered AS smallint DEFAULT nextval('s')",
          "CREATE TABLE t (id numbered)", "SELECT setval('s', 16384)"], 16383 / (SMALL - 1)),
        # An array's elements are no counter; a text has no range.
        (["CREATE SEQUENCE s MAXVALUE 100000", "CREATE TABLE t (id int2[] DEFAULT ARRAY[nextval('s')]::int2[])",
          "ALTER TABLE t ADD name text DEFAULT 'n' || nextval('s')", "SELECT setval('s', 50000)"], 49999 / 99999),
        (["CREATE TABLE t (id serial, at date) PARTITION BY RANGE (at)", "CREATE TABLE t1 PARTITION OF t DEFAULT",
          "SELECT setval('t_id_seq', 1073741824)"], (1073741824 - 1) / (INT - 1)),
        # A cycle has no end, unless the column ends before it.
        (["CREATE SEQUENCE s MAXVALUE 100 CYCLE", "SELECT setval('s', 99)"], None),
        (["CREATE SEQUENCE s MAXVALUE 100000 CYCLE", "CREATE TABLE t (id smallint DEFAULT nextval('s'))",
          "SELECT setval('s', 32767)"], 1.0),
        # Never used: nothing to tell.
        (["CREATE SEQUENCE s"], None),
    ],
)  # fmt: skip
def test_the_smaller_range_counts(server: servers.Postgres, statements: list[str], expected: float | None) -> None:
    """The used share is that of the range which ends first."""
    server.execute("CREATE DATABASE numbered")
    try:
        server.execute(*statements, dbname="numbered")
        query = next(query for query in read_queries() if query.name == "sequences")
        session = Session(Dsn(Secret(server.dsn("numbered")), "dsn", "settings.yaml"), [query])
        answer = session.ask(query, Deadline.after(10))
        session.close()
    finally:
        server.execute("DROP DATABASE numbered WITH (FORCE)")
    ((_, (ratio, unreadable)),) = answer.rows
    assert ratio == (None if expected is None else pytest.approx(expected, rel=1e-9))
    assert unreadable == 0
