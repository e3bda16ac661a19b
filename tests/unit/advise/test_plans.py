"""Which statements are planned, and in which form: nobody's functions run, and no table is found by a search_path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrywatch.analysis.advise.catalog import Database, Table
from pantrywatch.analysis.advise.workload import qualified_text
from tests.support.properties import cases

_DATABASE = Database("crm", (Table(1, "public", "contacts"), Table(2, "Sales", "Deal")))


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        (
            'SELECT * FROM contacts AS c JOIN "Deal" ON id = $1 WHERE e = $12 LIMIT $3',
            'SELECT * FROM public.contacts AS c JOIN "Sales"."Deal" ON id = $1 WHERE e = $12 LIMIT $3',
        ),
        (
            "WITH x AS (SELECT $1 FROM contacts) SELECT * FROM x, public.contacts",
            "WITH x AS (SELECT $1 FROM public.contacts) SELECT * FROM x, public.contacts",
        ),
        (
            "SELECT 'contacts', 'ä' FROM contacts WHERE d > now() - $1::interval",
            "SELECT 'contacts', 'ä' FROM public.contacts WHERE d > now() - $1::interval",
        ),
        ("SELECT * FROM a_view", None),
        ("SELECT * FROM contacts WHERE public.own($1) = 1", None),
        ("WITH gone AS (DELETE FROM contacts RETURNING id) SELECT * FROM gone", None),
        ("UPDATE contacts SET id = $1", None),
        ("SELECT 1; DROP TABLE contacts", None),
        ("VACUUM contacts", None),
        ("SELECT $1 FROM (", None),
    ],
)
def test_only_what_reads_known_tables_is_planned(text: str, planned: str | None) -> None:
    """With the schema of each; views, functions of a schema and what writes are not."""
    assert qualified_text(_DATABASE, text) == planned


@cases(40)
@given(st.text(alphabet="SELECT FROM contacts()'\"$1;,.*ä\n-/", max_size=60))
def test_no_text_ends_in_a_traceback(text: str) -> None:
    """It is planned or not."""
    qualified_text(_DATABASE, f"SELECT {text}")
