"""What is wrong with a schema, counted on one made in the style of a CRM, with answers worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporters.core.deadline import Deadline
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.queries import read_queries
from exporters.database.session import Session
from tests.support import servers
from tests.support.exporter import ROOT

BOARD = ROOT / "dashboards/generated/Infrastructure/crm-database.json"
QUERY = next(query for query in read_queries() if query.name == "findings")

SCHEMA = (
    'CREATE SCHEMA "Sales"',
    "CREATE TABLE companies (id int PRIMARY KEY, name text, region text, parent_id int REFERENCES companies)",
    'CREATE TABLE "Sales"."Contact" (id int PRIMARY KEY, "Company Id" int REFERENCES companies, email text UNIQUE)',
    'ALTER TABLE "Sales"."Contact" ADD owner int REFERENCES companies, ADD EXCLUDE USING btree (owner WITH =)',
    "CREATE TABLE deals (id int, company_id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
    "ALTER TABLE deals ADD FOREIGN KEY (company_id) REFERENCES companies",
    "CREATE TABLE deals_2025 PARTITION OF deals FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "CREATE TABLE deals_2026 PARTITION OF deals FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "CREATE TABLE lines (deal_id int, deal_at date, note text, FOREIGN KEY (deal_id, deal_at) REFERENCES deals)",
)


@pytest.fixture
def database(server: servers.Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the schema, of its own."""
    name = f"crm_{request.node.name[:40]}"
    server.execute(f'CREATE DATABASE "{name}"')
    server.execute(*SCHEMA, dbname=name)
    yield name
    server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _found(server: servers.Postgres, database: str, user: str = "postgres") -> dict[str, float | None]:
    session = Session(Dsn(Secret(server.dsn(database, user)), "dsn", "test"), [QUERY])
    rows = session.ask(QUERY, Deadline.after(20)).rows
    session.close()
    return {labels[1]: values[0] for labels, values in rows}


def test_every_finding_is_counted_also_where_there_is_none(server: servers.Postgres) -> None:
    """The ids are closed: an empty database has a 0 for each, and the board has a text for each."""
    server.execute("CREATE DATABASE bare")
    of_schema = ("foreign-key-without-index", "duplicate-index", "unused-index", "large-table-scanned")
    ids = (*of_schema, "vacuum-overdue", "table-bloat")
    assert _found(server, "bare") == dict.fromkeys(ids, 0)
    board = BOARD.read_text()
    assert [one for one in ids if f'"{one}": {{' not in board] == []


def test_foreign_keys_without_an_index(server: servers.Postgres, database: str) -> None:
    """Four have none: the exclusion serves `owner`, a partition's key counts with its parent's; then each gets one."""
    left = [4]
    assert _found(server, database)["foreign-key-without-index"] == 4
    for index in (
        "ON companies (parent_id) WHERE parent_id IS NOT NULL",  # serves every search for a value
        'ON "Sales"."Contact" ("Company Id", email)',
        "ON deals (company_id)",
        "ON lines (deal_at, deal_id, note)",  # in any order, and more columns behind
    ):
        server.execute(f"CREATE INDEX {index}", dbname=database)
        left.append(left[-1] - 1)
        assert _found(server, database)["foreign-key-without-index"] == left[-1], index


def test_an_index_that_does_not_serve_a_foreign_key_is_none(server: servers.Postgres, database: str) -> None:
    """Partial by something else, the column in second place, or an expression: the keys still have no index."""
    for index in ("(parent_id) WHERE region = 'EU'", "(name, parent_id)", "((parent_id + 1))"):
        server.execute(f"CREATE INDEX ON companies {index}", dbname=database)
    assert _found(server, database)["foreign-key-without-index"] == 4


def test_duplicates_are_equal_in_all_that_matters(server: servers.Postgres, database: str) -> None:
    """Same columns, order, operator class, predicate: two are too many. What differs in one of them is no duplicate."""
    for index in (
        "companies (name)", "companies (name)", "companies (name text_pattern_ops)", "companies (name DESC)",
        "companies (name) WHERE region = 'EU'", "companies (name) WHERE region = 'US'", "companies (name, region)",
        "companies (name) INCLUDE (region)", "companies USING hash (name)", "companies (lower(name))",
        'companies (name COLLATE "C")', "companies (id)",
    ):  # fmt: skip
        server.execute(f"CREATE INDEX ON {index}", dbname=database)
    assert _found(server, database)["duplicate-index"] == 2  # one (name), and (id) beside the primary key
    server.execute(
        "CREATE INDEX ON companies (name) WHERE region = 'EU'",
        "CREATE INDEX ON deals (company_id)",
        "CREATE INDEX ON deals (company_id)",
        dbname=database,
    )
    assert _found(server, database)["duplicate-index"] == 4  # those of the partitions count with their parent's


def test_what_a_constraint_needs_is_never_unused(server: servers.Postgres, database: str) -> None:
    """Primary keys, unique and exclusion constraints and unique indexes are not; a plain index is, until it is used."""
    assert _found(server, database)["unused-index"] == 0
    server.execute(
        'CREATE UNIQUE INDEX ON "Sales"."Contact" (lower(email))', "CREATE INDEX ON companies (name)", dbname=database
    )
    assert _found(server, database)["unused-index"] == 1
    server.execute("SET enable_seqscan = off; SELECT * FROM companies WHERE name = 'a'", dbname=database)
    servers.wait_until(lambda: _found(server, database)["unused-index"] == 0, 10, "its use is counted")


def test_large_tables_read_whole_and_vacuums_that_do_not_come(server: servers.Postgres, database: str) -> None:
    """120,000 rows read twelve times; dead rows are late at twice what brings autovacuum, as the table sets it."""
    server.execute(
        "CREATE TABLE events (id int)",
        "CREATE TABLE patient (id int) WITH (autovacuum_vacuum_threshold = 30000)",
        "INSERT INTO events SELECT generate_series(1, 120000)",
        "INSERT INTO patient SELECT generate_series(1, 50000)",
        dbname=database,
    )
    # In a session of its own: one that has just inserted would report its rows a second time.
    server.execute("ANALYZE events", "ANALYZE patient", dbname=database)
    servers.wait_until(lambda: _found(server, database)["large-table-scanned"] == 0, 10, "not read yet")
    server.execute(*["SELECT count(*) FROM events"] * 12, dbname=database)
    servers.wait_until(lambda: _found(server, database)["large-table-scanned"] == 1, 10, "read twelve times")
    assert _found(server, database)["vacuum-overdue"] == 0
    server.execute("DELETE FROM events WHERE id <= 50000", "DELETE FROM patient WHERE id <= 45000", dbname=database)
    # events: 50 + 0.2 * 120,000 = 24,050 bring autovacuum, twice that is late; patient: 30,000 + 0.2 * 50,000.
    servers.wait_until(lambda: _found(server, database)["vacuum-overdue"] == 1, 10, "events is late, patient not yet")


# Rows of different shapes, 30 MB or more of each.
_SHAPES = {
    "narrow": (
        "CREATE TABLE notes (id bigint, company int, at date)",
        "INSERT INTO notes SELECT n, n % 100, date '2026-01-01' FROM generate_series(1, 600000) AS n",
    ),
    "with nulls": (
        "CREATE TABLE notes (id int, a int, b int, c int, d int, note text)",
        "INSERT INTO notes SELECT n, NULL, n % 9, NULL, NULL, repeat('x', n % 60) FROM generate_series(1, 450000) AS n",
    ),
    "of text": (
        "CREATE TABLE notes (id int, name text, mail text)",
        "INSERT INTO notes SELECT n, repeat('a', 20 + n % 40), repeat('b', 30) FROM generate_series(1, 300000) AS n",
    ),
    "wide": (
        "CREATE TABLE notes (id int, body text)",
        "INSERT INTO notes SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, 28000) AS n",
    ),
    "not filled": (
        "CREATE TABLE notes (id int, note text) WITH (fillfactor = 70)",
        "INSERT INTO notes SELECT n, repeat('x', 60) FROM generate_series(1, 250000) AS n",
    ),
}
# What is deleted next, scattered over the table → how many tables are found then.
_DELETED = {
    "SELECT 1": 0,
    "DELETE FROM notes WHERE id % 10 < 4": 0,
    "DELETE FROM notes WHERE id % 10 < 6": 1,
    "DELETE FROM notes WHERE id % 10 < 8": 1,
}


@pytest.fixture
def large(server: servers.Postgres) -> Iterator[str]:
    """A database of its own."""
    server.execute("CREATE DATABASE large")
    yield "large"
    server.execute("DROP DATABASE large WITH (FORCE)")


@pytest.mark.long
@pytest.mark.parametrize("shape", _SHAPES)
def test_a_table_is_found_when_more_than_half_of_it_is_empty(server: servers.Postgres, large: str, shape: str) -> None:
    """Full and with 40 % of the rows deleted it is not found, with 60 and 80 % it is."""
    server.execute("CREATE EXTENSION pgstattuple", *_SHAPES[shape], dbname=large)
    for statement, expected in _DELETED.items():
        server.execute(statement, dbname=large)
        server.execute("VACUUM ANALYZE notes", dbname=large)
        assert _found(server, large)["table-bloat"] == expected, (statement, _empty(server, large))


def _empty(server: servers.Postgres, database: str) -> object:
    """Return how much of the table is empty, exactly, in per cent."""
    return server.value("SELECT free_percent + dead_tuple_percent FROM pgstattuple('notes')", dbname=database)


@pytest.mark.long
def test_a_large_table_that_the_role_may_not_read_hides_the_estimate(server: servers.Postgres, large: str) -> None:
    """Nothing is said rather than 0; all other findings are there. With SELECT on it the estimate is back."""
    server.execute(*_SHAPES["wide"], "DELETE FROM notes WHERE id % 10 < 8", dbname=large)
    server.execute("VACUUM ANALYZE notes", dbname=large)
    found = _found(server, large, "pantrywatch")
    assert "table-bloat" not in found
    assert len(found) == 5
    server.execute("GRANT SELECT ON notes TO pantrywatch", dbname=large)
    assert _found(server, large, "pantrywatch")["table-bloat"] == 1
