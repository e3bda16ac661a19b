"""Nobody's function or operator runs with the rights of the monitoring role."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from tests.support import postgres_versions, servers
from tests.support.exporter import ROOT, Exporter, exporter

Watch = Callable[..., AbstractContextManager[Exporter]]

OPTIONS = {"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"}
MARK = "a planted function was called"

TYPES = (
    "name", "text", '"char"', "oid", "int4", "int8", "numeric", "float8", "bool", "timestamptz", "interval", "pg_lsn",
)  # fmt: skip
OPERATORS = ("=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "^", "~", "!~", "~~", "!~~", "||", "->>")
COMPARING = frozenset(("=", "<>", "<", ">", "<=", ">=", "~", "!~", "~~", "!~~"))

OWN_QUERIES = """
queries:
  - name: "own_orders"
    source: "orders"
    search_path: ["public"]
    metrics:
      - {name: "crm_orders", type: "gauge", value: "sum(id)", help: "Sum of the numbers of the orders."}
  - name: "own_elsewhere"
    source: "orders"
    metrics:
      - {name: "crm_orders_unseen", type: "gauge", value: "count(*)", help: "A table that pg_catalog does not have."}
"""


def called_names() -> list[str]:
    """Return every word that stands before a parenthesis in our SQL."""
    folder = ROOT / "exporters" / "database"
    text = "".join(path.read_text() for path in (*folder.rglob("*.yaml"), *folder.rglob("*.py")))
    return sorted(set(re.findall(r"\b([a-z][a-z0-9_]*)\(", text)))


def plant(server: servers.Postgres, dbname: str) -> int:
    """Make, in `public`, functions and operators whose argument types fit better than those of pg_catalog.

    Each says in the server's log that it was called, and does nothing else. Returns how many there are.
    """
    with psycopg.connect(server.dsn(dbname), autocommit=True, connect_timeout=5) as connection:
        known = connection.execute(
            "SELECT proname, min(format_type(prorettype, NULL)) FILTER (WHERE NOT proretset"
            " AND prorettype NOT IN (SELECT oid FROM pg_type WHERE typtype = 'p')) FROM pg_proc"
            " WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY(%s::text[]) GROUP BY proname",
            (called_names(),),
        ).fetchall()
        there = connection.execute(
            "SELECT oprname, oprleft::regtype::text, oprright::regtype::text FROM pg_operator"
        ).fetchall()
        statements = [
            _function(name, kinds, returned or "text")
            for name, returned in known
            for kinds in (*((one,) for one in TYPES), *itertools.product(TYPES, TYPES))
        ]
        spelt: dict[str, str] = dict(
            connection.execute("SELECT kind, kind::regtype::text FROM unnest(%s::text[]) AS kind", (list(TYPES),))
        )
        for name, left, right in itertools.product(OPERATORS, TYPES, TYPES):
            if (name, spelt[left], spelt[right]) not in there:
                returned = "bool" if name in COMPARING else "text"
                statements.append(_function(f"planted {name}", (left, right), returned))
                arguments = f'LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = public."planted {name}"'
                statements.append(f"CREATE OPERATOR public.{name} ({arguments})")
        connection.execute(";".join(statements).encode())
        return len(statements)


def _function(name: str, kinds: tuple[str, ...], returned: str) -> str:
    body = f"'BEGIN RAISE LOG ''{MARK}: {name}''; RETURN NULL; END'"
    return f'CREATE FUNCTION public."{name}"({", ".join(kinds)}) RETURNS {returned} LANGUAGE plpgsql AS {body}'


@pytest.mark.parametrize("major", [pytest.param(major, marks=pytest.mark.long) for major in (13, 15, 18)])
def test_no_planted_function_or_operator_is_called(
    major: int, tmp_path: Path, prepared: Callable[[servers.Postgres], None]
) -> None:
    """With overloads in `public` of all that our SQL calls, in every database, `serve` and `validate` call none."""
    binaries, environment = postgres_versions.binaries(major), postgres_versions.environment(major)
    log = tmp_path / "server/postgres.log"
    with servers.postgres(tmp_path / "server", binaries, OPTIONS, environment) as server:
        prepared(server)
        for dbname in ("postgres", "second"):
            assert plant(server, dbname) > 5_000
        server.execute("GRANT SELECT ON orders TO pantrywatch")
        server.value("SELECT sum(oid) FROM pg_database")  # oid has no sum of its own
        servers.wait_until(lambda: MARK in log.read_text(), 5, "what was planted can be called")
        before = log.read_text().count(MARK)
        (tmp_path / "dsn").write_text(server.dsn(user="pantrywatch"))
        (tmp_path / "own.yaml").write_text(OWN_QUERIES)
        settings = "environment: test\ndatabase:\n  - {name: main, dsn_file: ../dsn, queries: [../own.yaml]}\n"
        with exporter(tmp_path / "exporter", settings, ["database"]) as running:
            servers.wait_until(running.has_run_all_queries, 60, "every query ran")
            page = running.scrape("/metrics/database")
        _validate(tmp_path / "exporter")
        assert log.read_text().count(MARK) == before
    assert page.error_classes() == {"own_elsewhere": "version"}
    assert page.value("crm_orders") == 500 * 501 / 2


def _validate(directory: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "exporters", "--settings", str(directory / "settings.yaml"), "validate"],
        check=False, capture_output=True, timeout=30, cwd=ROOT,
    )  # fmt: skip
