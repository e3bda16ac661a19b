"""Which indexes `advise` would drop or rebuild, from rows of the catalog."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pantrywatch.analysis.advise.catalog import Column, Database, ForeignKey, Index, Server, Statement, Table
from pantrywatch.analysis.advise.indexes import index_advice
from pantrywatch.analysis.advise.workload import Workload, read_workload

DAY = 86400.0
CONTACTS = Table(1, "public", "contacts", estimated_rows=50_000, bytes=2**23, inserted=50_000)
SMALL = Table(2, "public", "regions", estimated_rows=90, bytes=2**14)
COLUMNS = tuple(Column(1, number, name) for number, name in enumerate(("id", "email", "status", "company_id"), 1))
SERVER = Server("main", statistics_seconds=30 * DAY)


def _index(oid: int, *columns: str, **more: Any) -> Index:
    numbers = {column.name: column.number for column in COLUMNS}
    count = len(columns)
    plain = Index(
        oid, 1, "public", f"i{oid}", keys=count, columns=columns, numbers=tuple(numbers.get(one, 0) for one in columns),
        classes=(1978,) * count, collations=(0,) * count, options=(0,) * count, bytes=2**21, scans=5,
        definition=f"CREATE INDEX i{oid} ON public.contacts USING btree ({', '.join(columns)})",
    )  # fmt: skip
    return replace(plain, **more)


def _database(*indexes: Index, table: Table = CONTACTS, **more: Any) -> Database:
    return replace(Database("crm", (table, SMALL), COLUMNS, indexes), **more)


def _found(database: Database, server: Server = SERVER, workload: Workload | None = None) -> list[str]:
    return [f"{one.kind} {one.object}" for one in index_advice(server, database, workload or Workload())]


def test_of_two_equal_indexes_one_goes() -> None:
    """The less used of two; of three equal ones two go; never the one of a constraint, and never both."""
    assert _found(_database(_index(1, "email", scans=9), _index(2, "email"))) == ["drop-index public.i2"]
    three = _database(_index(1, "email"), _index(2, "email"), _index(3, "email"))
    assert _found(three) == ["drop-index public.i2", "drop-index public.i3"]
    unique = _database(_index(1, "email"), _index(2, "email", is_unique=True))
    assert _found(unique) == ["drop-index public.i1"]
    needed = _database(_index(1, "email", is_needed=True), _index(2, "email", scans=900))
    assert _found(needed) == ["drop-index public.i2"]
    assert _found(_database(_index(1, "email", is_unique=True), _index(2, "email", is_needed=True))) == []


def test_what_begins_a_longer_index_goes() -> None:
    """(a) next to (a, b) goes; with (a, b, c) too both shorter ones go; one that is small and used is doubtful."""
    assert _found(_database(_index(1, "email"), _index(2, "email", "status"))) == ["drop-index public.i1"]
    (advice,) = index_advice(
        SERVER, _database(_index(1, "email"), _index(2, "email", "status", bytes=2**25)), Workload()
    )
    assert advice.doubtful
    chain = _database(_index(1, "email"), _index(2, "email", "status"), _index(3, "email", "status", "id"))
    assert _found(chain) == ["drop-index public.i1", "drop-index public.i2"]


@pytest.mark.parametrize(
    "other",
    [
        _index(2, "status", "email"),
        _index(2, "email", "status", classes=(3130, 1978)),
        _index(2, "email", "status", collations=(950, 0)),
        _index(2, "email", "status", options=(3, 0)),
        _index(2, "email", "status", predicate="(status = 'open'::text)"),
        _index(2, "email", "status", is_valid=False, is_built=True),
        _index(2, "email", "status", method="gist"),
        _index(2, "lower(email)", "status"),
        _index(2, "email", is_partition=True, keys=0),
    ],
    ids=lambda index: f"{index.method} {index.columns} {index.predicate}",
)
def test_what_serves_other_searches_covers_nothing(other: Index) -> None:
    """Other columns, operator class, collation, order, condition, method; one that is being built."""
    assert _found(_database(_index(1, "email"), other)) == []


def test_included_columns_must_be_in_the_longer_index() -> None:
    """(a) INCLUDE (b) is served by (a, b), and not by (a, c)."""
    included = _index(1, "email", "status", keys=1, classes=(1978,), collations=(0,), options=(0,))
    assert _found(_database(included, _index(2, "email", "status"))) == ["drop-index public.i1"]
    assert _found(_database(included, _index(2, "email", "id"))) == []
    assert _found(_database(_index(1, "email"), replace(included, oid=2, name="i2"))) == ["drop-index public.i1"]


def test_small_tables_have_no_advice() -> None:
    """Two equal indexes of 90 rows cost nothing."""
    two = [replace(_index(number, "email"), table_oid=2) for number in (1, 2)]
    assert _found(_database(*two)) == []


UNUSED = _index(1, "status", scans=0)


def test_unused_for_long_enough_goes() -> None:
    """Without a scan in 30 days; the undo is the whole definition, with its tablespace, comment and statistics."""
    odd = replace(UNUSED, tablespace="fast disk", comment="it's \\ old", statistics={"1": 500})
    (advice,) = index_advice(SERVER, _database(odd), Workload())
    assert advice.id == "drop-index:main.crm.public.i1"
    assert advice.sql == ("DROP INDEX CONCURRENTLY public.i1;",)
    assert advice.undo == (
        'SET default_tablespace = "fast disk";',
        "CREATE INDEX CONCURRENTLY i1 ON public.contacts USING btree (status);",
        "RESET default_tablespace;",
        "COMMENT ON INDEX public.i1 IS E'it''s \\\\ old';",
        "ALTER INDEX public.i1 ALTER COLUMN 1 SET STATISTICS 500;",
    )


@pytest.mark.parametrize(
    ("server", "database"),
    [
        (SERVER, _database(UNUSED, statistics_seconds=DAY)),
        (replace(SERVER, statistics_seconds=DAY), _database(UNUSED)),
        (replace(SERVER, statistics_seconds=None), _database(UNUSED)),
        (replace(SERVER, unseen_replicas=1), _database(UNUSED)),
        (SERVER, _database(UNUSED, replica_scans=({1: 40},))),
        (SERVER, _database(replace(UNUSED, is_unique=True))),
        (SERVER, _database(replace(UNUSED, is_needed=True))),
        (SERVER, _database(replace(UNUSED, is_clustered=True))),
        (SERVER, _database(replace(UNUSED, is_partition=True))),
        (SERVER, _database(replace(UNUSED, is_built=True))),
    ],
    ids=["reset", "crash", "unknown age", "replica not in the settings", "used on a replica", "unique", "constraint",
         "clustered", "partition", "in progress"],
)  # fmt: skip
def test_no_proof_no_drop(server: Server, database: Database) -> None:
    """A young statistic, a replica that uses it or may, or a purpose other than searches: it stays."""
    assert _found(database, server) == []


def test_statistics_that_are_young_and_whole_name_the_largest_as_doubtful() -> None:
    """A new cluster, no reset and no crash, a table that is searched: one line to keep an eye on, and no more."""
    young = replace(SERVER, statistics_seconds=3600.0, age_seconds=3605.0)
    used = _index(3, "email", scans=50)
    database = _database(UNUSED, _index(2, "id", scans=0, bytes=2**24), used)
    (advice,) = index_advice(young, database, Workload())
    assert (advice.object, advice.doubtful) == ("public.i2", True)
    assert _found(replace(database, statistics_seconds=60.0), young) == []
    assert _found(database, replace(young, age_seconds=90 * DAY)) == []
    assert _found(_database(UNUSED), young) == []


def test_what_a_foreign_key_or_a_statement_needs_is_not_called_unused() -> None:
    """The only index of a foreign key stays, as does one whose first column a statement filters by."""
    key = ForeignKey("contacts_company_id_fkey", 1, 2, (4,), (1,))
    of_key = _database(_index(1, "company_id", scans=0), foreign_keys=(key,))
    assert _found(of_key) == []
    assert _found(replace(of_key, foreign_keys=())) == ["drop-index public.i1"]
    statement = Statement("crm", "7", 30, 1.0, 30, 30, 0, "SELECT * FROM contacts WHERE status = $1")
    database = _database(UNUSED)
    assert _found(database, workload=read_workload(database, [statement])) == []


def test_one_of_two_that_replace_each_other_stays() -> None:
    """Both unused, and equal: one is dropped for the other, which is then not called unused."""
    assert _found(_database(_index(1, "status", scans=0), _index(2, "status", scans=0))) == ["drop-index public.i2"]


def test_invalid_indexes() -> None:
    """Built again; a leftover of REINDEX and a unique one, which would fail again, go; none while one is built."""
    plain = _index(1, "email", is_valid=False)
    found = {
        "REINDEX INDEX CONCURRENTLY public.i1;": plain,
        "DROP INDEX CONCURRENTLY public.i1;": replace(plain, is_unique=True),
        "DROP INDEX CONCURRENTLY public.i1_ccnew1;": replace(plain, name="i1_ccnew1"),
    }
    for sql, index in found.items():
        (advice,) = index_advice(SERVER, _database(index), Workload())
        assert (advice.kind, advice.sql) == ("rebuild-index", (sql,))
    assert _found(_database(replace(plain, is_built=True))) == []
    assert _found(_database(replace(plain, kind="I"))) == []
