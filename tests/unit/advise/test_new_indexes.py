"""Which indexes `advise` would create, from statements and rows of the catalog."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.catalog import Column, Database, ForeignKey, Index, Server, Statement, Table
from pantrywatch.analysis.advise.new_indexes import new_index_advice
from pantrywatch.analysis.advise.workload import read_workload
from tests.support.properties import cases

PAGES = 2000
CONTACTS = Table(1, "public", "contacts", estimated_rows=100_000, bytes=PAGES * 8192)
COMPANIES = Table(2, "public", "companies", estimated_rows=2000, bytes=2**18)
DEALS = Table(3, "Sales", "Deal", estimated_rows=80_000, bytes=PAGES * 8192)
SMALL = Table(4, "public", "regions", estimated_rows=500, bytes=2**16)
COLUMNS = (
    Column(1, 1, "id", distinct_values=-1),
    Column(1, 2, "email", "text", distinct_values=-0.9),
    Column(1, 3, "status", "text", distinct_values=4, commonest_share=0.5),
    Column(1, 4, "company_id", distinct_values=1900),
    Column(1, 5, "data", "jsonb", distinct_values=-1),
    Column(1, 6, "at", "timestamp with time zone", distinct_values=-1),
    Column(2, 1, "id", distinct_values=-1),
    Column(2, 2, "name", "text", distinct_values=-1),
    Column(3, 1, "id"),
    Column(3, 2, "Owner Id"),
    Column(3, 3, "kind", "text"),
    Column(4, 1, "code", "text", distinct_values=-1),
)
PRIMARY = tuple(
    Index(10 + oid, oid, "public", f"pk{oid}", columns=("id",), numbers=(1,), is_unique=True, is_needed=True, scans=9)
    for oid in (1, 2, 3)
)
DATABASE = Database("crm", (CONTACTS, COMPANIES, DEALS, SMALL), COLUMNS, PRIMARY)


def _statement(text: str, *, calls: int = 100, rows: int = 100, pages: float = PAGES, queryid: str = "7") -> Statement:
    return Statement("crm", queryid, calls, calls / 10, rows, int(calls * pages), 0, text)


def _advice(database: Database, *statements: Statement) -> list[Advice]:
    server = Server("main", databases=(database,), statements=statements)
    return list(new_index_advice(server, database, read_workload(database, statements)))


def _found(database: Database, *statements: Statement | str) -> list[str]:
    given = [_statement(one) if isinstance(one, str) else one for one in statements]
    return [f"{one.object}{' ?' if one.doubtful else ''}" for one in _advice(database, *given)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM contacts WHERE email = $1", ["public.contacts (email)"]),
        ("SELECT c.* FROM public.contacts AS c WHERE $1 = c.email AND c.status = $2", ["public.contacts (email)"]),
        ("SELECT * FROM contacts WHERE lower(email) = lower($1)", ["public.contacts (lower(email))"]),
        ("SELECT * FROM contacts WHERE email IN ($1, $2)", ["public.contacts (email)"]),
        ("SELECT * FROM contacts WHERE email = ANY($1)", ["public.contacts (email)"]),
        ("UPDATE contacts SET status = $1 WHERE email = $2", ["public.contacts (email)"]),
        ("DELETE FROM contacts WHERE email = $1", ["public.contacts (email)"]),
        ("SELECT * FROM contacts WHERE company_id = $1 AND status = $2 ORDER BY at LIMIT $3",
         ["public.contacts (company_id, status)"]),
        ("WITH c AS (SELECT * FROM contacts WHERE email = $1) SELECT * FROM c WHERE status = $2",
         ["public.contacts (email)"]),
        ("SELECT * FROM contacts c JOIN companies p ON p.id = c.company_id WHERE p.id = $1",
         ["public.contacts (company_id)"]),
        ("SELECT count(*) FROM contacts WHERE email = $1 GROUP BY status", ["public.contacts (email)"]),
        ("SELECT * FROM contacts WHERE at >= $1 AND at < $2", ["public.contacts (at)"]),
        ("SELECT * FROM contacts WHERE at BETWEEN $1 AND $2", ["public.contacts (at)"]),
        ("SELECT * FROM contacts ORDER BY at DESC LIMIT $1", ["public.contacts (at)"]),
        ("SELECT * FROM contacts WHERE status = $1 ORDER BY at LIMIT $2", ["public.contacts (status, at)"]),
    ],
)  # fmt: skip
def test_a_selective_filter_that_reads_the_table_gets_an_index(text: str, expected: list[str]) -> None:
    """The columns compared with values, the most selective first, and no more than are needed."""
    assert _found(DATABASE, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM contacts WHERE status = $1",
        "SELECT count(*) FROM contacts WHERE at > $1",
        "SELECT * FROM contacts ORDER BY at",
        "SELECT * FROM contacts ORDER BY at DESC NULLS LAST LIMIT $1",
        "SELECT status, count(*) FROM contacts GROUP BY status ORDER BY status LIMIT $1",
        "SELECT * FROM contacts ORDER BY lower(email) || $1 LIMIT $2",
        "SELECT * FROM contacts WHERE email = $1 OR status = $2",
        "SELECT * FROM contacts WHERE email <> $1",
        "SELECT * FROM contacts WHERE email || $2 = $1",
        "SELECT * FROM contacts WHERE data = $1",
        "SELECT * FROM contacts WHERE id = $1 AND email = $2",
        "SELECT * FROM regions WHERE code = $1",
        "SELECT * FROM contacts c JOIN companies p ON p.id = c.company_id WHERE p.name = $1",
        "SELECT * FROM contacts c JOIN companies p ON p.id = c.company_id",
        "SELECT * FROM contacts WHERE EXISTS (SELECT FROM companies WHERE name = email)",
        "WITH contacts AS (SELECT $1 AS email) SELECT * FROM contacts WHERE email = $2",
        "SELECT * FROM elsewhere.contacts WHERE email = $1",
        "SELECT a.email FROM (SELECT $1 AS email) AS a WHERE a.email = $2",
        "VACUUM contacts",
        "COPY contacts TO STDOUT",
        "SELECT * FROM contacts WHERE email = ",
        "(" * 3000,
        "",
    ],
)
def test_what_an_index_does_not_help_gets_none(text: str) -> None:
    """Few values, alternatives, other expressions and types, small tables, joins of everything, texts cut off."""
    assert _found(DATABASE, text) == []


def test_what_is_fast_already_gets_none() -> None:
    """A statement that reads a few pages of the table finds its rows somehow; another database's is not looked at."""
    text = "SELECT * FROM contacts WHERE email = $1"
    assert _found(DATABASE, _statement(text, pages=5)) == []
    assert _found(DATABASE, replace(_statement(text), database="other")) == []


def test_the_rows_that_come_back_decide() -> None:
    """A filter by a column of many values that returns most of the table is by its common value."""
    text = "SELECT * FROM contacts WHERE email = $1"
    assert _found(DATABASE, _statement(text, rows=100 * 60_000)) == []


def test_nothing_that_exists_or_is_covered() -> None:
    """An index that begins with the column, also a partial one; one to be built again; not one to be dropped."""
    text = "SELECT * FROM contacts WHERE email = $1"
    index = Index(50, 1, "public", "i", keys=2, columns=("email", "status"), numbers=(2, 3))
    for there in (index, replace(index, predicate="(status = 'open'::text)"), replace(index, is_valid=False)):
        assert _found(replace(DATABASE, indexes=(*PRIMARY, there)), text) == []
    first = "SELECT * FROM contacts WHERE status = $1 ORDER BY at LIMIT $2"
    ordered = replace(index, columns=("status", "at"), numbers=(3, 6))
    assert _found(replace(DATABASE, indexes=(*PRIMARY, ordered)), first) == []
    for there in (
        replace(index, is_valid=False, is_unique=True),
        replace(index, columns=("status", "email"), numbers=(3, 2)),
    ):
        assert _found(replace(DATABASE, indexes=(*PRIMARY, there)), text) == ["public.contacts (email)"]


def test_one_index_for_what_the_longer_serves() -> None:
    """Two statements: the index on two columns serves both; its name is free, and says table and columns."""
    both = (
        "SELECT * FROM contacts WHERE company_id = $1 AND status = $2",
        "SELECT 1 FROM contacts WHERE company_id = $1",
    )
    taken = Index(50, 2, "public", "contacts_company_id_status_idx", columns=("name",), numbers=(2,))
    database = replace(DATABASE, indexes=(*PRIMARY, taken))
    (advice,) = _advice(database, *(_statement(text, queryid=str(number)) for number, text in enumerate(both)))
    assert advice.sql == (
        "CREATE INDEX CONCURRENTLY contacts_company_id_status_idx1 ON public.contacts (company_id, status);",
    )
    assert advice.undo == ("DROP INDEX CONCURRENTLY public.contacts_company_id_status_idx1;",)
    assert "statement 0: 100 calls read 2000 pages each" in advice.evidence
    assert "statement 1: 100 calls read 2000 pages each" in advice.evidence


def test_without_rights_to_pg_stats_the_rows_decide() -> None:
    """One column and few rows returned is proof; two columns, or a count of them, is doubtful."""
    one = 'SELECT * FROM "Sales"."Deal" WHERE "Owner Id" = $1'
    assert _found(DATABASE, _statement(one, rows=1000)) == ['"Sales"."Deal" ("Owner Id")']
    assert _found(DATABASE, _statement(one, rows=100 * 30_000)) == []
    counted = one.replace("*", "count(*)")
    assert _found(DATABASE, _statement(counted)) == ['"Sales"."Deal" ("Owner Id") ?']


def test_what_is_changed_all_the_time_gets_none() -> None:
    """A column updated more than ten times as often as it is searched: writes would pay more than reads gain."""
    text = "SELECT * FROM contacts WHERE email = $1"
    update = _statement("UPDATE contacts SET email = $1 WHERE id = $2", calls=5000, pages=4, queryid="8")
    assert _found(DATABASE, _statement(text), update) == []


_PARTS = """
SELECT * FROM contacts WHERE email = $1 AND OR ( ) , JOIN ON companies . id IN ANY lower UPDATE SET DELETE WITH AS c
INSERT INTO VALUES LIMIT GROUP BY BETWEEN :: text " ' $$ -- /* NOT IS NULL CASE WHEN END [ ;
"""
_WORDS = _PARTS.split()


@cases(20)
@given(st.lists(st.sampled_from(_WORDS), max_size=25), st.text(max_size=8))
def test_any_text_is_read_or_counted(words: list[str], tail: str) -> None:
    """Nothing that a statement holds ends the command."""
    for begin in ("SELECT * FROM contacts WHERE email =", "UPDATE contacts SET", "DELETE FROM contacts"):
        workload = read_workload(DATABASE, [_statement(f"{begin} {' '.join(words)}{tail}")])
        assert workload.unread in (0, 1)


KEY = ForeignKey("contacts_company_id_fkey", 1, 2, (4,), (1,))


def test_a_foreign_key_needs_an_index_if_its_parent_goes() -> None:
    """Rows of the parent are deleted, or their key is updated; otherwise nobody looks for the children."""
    keyed = replace(DATABASE, foreign_keys=(KEY,))
    assert _found(keyed) == []
    assert _found(keyed, _statement("UPDATE companies SET name = $1 WHERE id = $2", pages=4)) == []
    expected = ["public.contacts (company_id)"]
    assert _found(keyed, _statement("UPDATE companies SET id = $1 WHERE id = $2", pages=4)) == expected
    gone = replace(keyed, tables=(CONTACTS, replace(COMPANIES, deleted=12), DEALS, SMALL))
    assert _found(gone) == expected


def test_a_foreign_key_is_served_by_its_columns_in_any_order() -> None:
    """First columns of a valid index on all rows; a partial one only if it leaves out nothing but NULL."""
    gone = replace(DATABASE, foreign_keys=(KEY,), tables=(CONTACTS, replace(COMPANIES, deleted=12)))
    index = Index(50, 1, "public", "i", keys=2, columns=("company_id", "status"), numbers=(4, 3))
    only = replace(index, keys=1, columns=("company_id",), numbers=(4,))
    for there in (index, replace(only, predicate="(company_id IS NOT NULL)"), replace(only, method="hash")):
        assert _found(replace(gone, indexes=(there,))) == []
    for there in (replace(only, predicate="(status = 'x'::text)"), replace(only, is_valid=False, name="i_ccnew")):
        assert _found(replace(gone, indexes=(there,))) == ["public.contacts (company_id)"]


def test_a_partitioned_table_gets_one_index_on_the_whole() -> None:
    """Its size is that of its partitions; CONCURRENTLY does not exist for it, and the risk says so."""
    parts = tuple(replace(CONTACTS, oid=20 + n, name=f"c{n}", parent=1, estimated_rows=50_000) for n in (1, 2))
    whole = replace(CONTACTS, kind="p", estimated_rows=-1, bytes=0)
    database = replace(DATABASE, tables=(whole, *parts, COMPANIES))
    (advice,) = _advice(database, _statement("SELECT * FROM contacts WHERE email = $1", pages=2 * PAGES))
    assert advice.sql == ("CREATE INDEX contacts_email_idx ON public.contacts (email);",)
    assert "ON ONLY" in advice.risk
