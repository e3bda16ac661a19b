"""`pantrywatch advise` and a real server: what is found, each statement runs, and its undo restores the schema."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pantrywatch.cli import main
from tests.support import postgres_versions, servers

_SCHEMA = (
    'CREATE SCHEMA "Sales"',
    "CREATE TABLE companies (id int PRIMARY KEY, name text)",
    "CREATE TABLE contacts (id int PRIMARY KEY, company_id int REFERENCES companies, email text, kind text, note text)",
    'CREATE TABLE "Sales"."Deal" (id int, "Owner Id" int, amount int) WITH (autovacuum_enabled = off, fillfactor = 90)',
    "CREATE TABLE visits (at date, contact_id int, page text) PARTITION BY RANGE (at)",
    "CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "INSERT INTO companies SELECT n, 'c' || n FROM generate_series(1, 1000) AS n",
    "INSERT INTO contacts SELECT n, 1 + n % 900, 'a' || n, n % 3, repeat('x', 80) FROM generate_series(1, 20000) AS n",
    'INSERT INTO "Sales"."Deal" SELECT n, n % 3000, n FROM generate_series(1, 30000) AS n',
    "INSERT INTO visits SELECT date '2025-06-01' + n % 500, n, 'p' FROM generate_series(1, 20000) AS n",
    "CREATE TABLE notes (id serial, number int GENERATED ALWAYS AS IDENTITY, code smallint)",
    "CREATE SEQUENCE notes_code AS smallint OWNED BY notes.code",
    "CREATE SEQUENCE short MAXVALUE 1000",
    "SELECT setval('notes_id_seq', 2000000000), setval('notes_number_seq', 2000000000)",
    "SELECT setval('notes_code', 32000), setval('short', 900)",
    "ALTER DATABASE crm SET enable_hashjoin = off",
    "CREATE INDEX contacts_email ON contacts (email)",
    "CREATE INDEX contacts_email_kind ON contacts (email, kind) INCLUDE (id)",
    "CREATE INDEX contacts_first ON contacts (left(note, 3)) WITH (fillfactor = 80) WHERE kind = '1'",
    "ALTER INDEX contacts_first ALTER COLUMN 1 SET STATISTICS 321",
    "COMMENT ON INDEX contacts_first IS 'it''s \\ old'",
    "CREATE INDEX contacts_first_again ON contacts (left(note, 3)) WHERE kind = '1'",
    "CREATE INDEX visits_contact ON visits (contact_id)",
    "CREATE INDEX visits_contact_again ON visits (contact_id)",
    "CREATE INDEX contacts_note ON contacts (note)",
    "CREATE UNIQUE INDEX contacts_unique ON contacts (id, note)",
    # As a build that has failed leaves them.
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text IN ('contacts_note', 'contacts_unique')",
    "ANALYZE",
    'UPDATE "Sales"."Deal" SET amount = 0',
    "DELETE FROM companies WHERE id > 950",
)
# What the planted mistakes are: the place of each is enough to name it.
_EXPECTED = {
    "create-index:main.crm.public.contacts (lower(email))",
    "create-index:main.crm.public.contacts (company_id)",
    'create-index:main.crm."Sales"."Deal" ("Owner Id")',
    "drop-index:main.crm.public.contacts_email",
    "drop-index:main.crm.public.contacts_first_again",
    "drop-index:main.crm.public.visits_contact_again",
    "rebuild-index:main.crm.public.contacts_unique",
    "rebuild-index:main.crm.public.contacts_note",
    "sequence:main.crm.public.notes_id_seq",
    "sequence:main.crm.public.notes_number_seq",
    "sequence:main.crm.public.notes_code",
    "sequence:main.crm.public.short",
    "raise-setting:main.autovacuum",
    "raise-setting:main.enable_hashjoin of DATABASE crm",
    'analyze-table:main.crm."Sales"."Deal"',
    'vacuum-table:main.crm."Sales"."Deal"',
    'autovacuum-table:main.crm."Sales"."Deal"',
}


@pytest.fixture
def database(server: servers.Postgres) -> Iterator[str]:
    """A database with mistakes, after some work."""
    server.execute("CREATE DATABASE crm")
    server.execute("CREATE EXTENSION hypopg", dbname="crm")
    server.execute(*_SCHEMA, dbname="crm")
    with psycopg.connect(server.dsn("crm"), autocommit=True) as connection:
        for number in range(12):
            connection.execute("SELECT * FROM contacts WHERE lower(email) = %s", [f"a{number}"])
            connection.execute('SELECT * FROM "Sales"."Deal" WHERE "Owner Id" = %s', [number])
    yield "crm"
    server.execute("DROP DATABASE crm WITH (FORCE)")


def _dumped(server: servers.Postgres) -> str:
    """Return the schema of the database, its settings, and those of ALTER SYSTEM."""
    command = ["pg_dump", "--schema-only", "--create", server.dsn("crm")]
    dump = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    altered = (server.data / "postgresql.auto.conf").read_text()
    return re.sub(r"\\(un)?restrict .*", "", dump) + altered


def _advice(server: servers.Postgres, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    (folder / "dsn").write_text(server.dsn("postgres"))
    settings = "environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n    include_databases: [crm]\n"
    (folder / "settings.yaml").write_text(settings)
    nowhere = f"http://127.0.0.1:{servers.free_port()}"
    assert main(["advise", "--json", "--settings", str(folder / "settings.yaml"), "--prometheus", nowhere]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["advice"]
    return found


@pytest.mark.long
def test_all_advice_can_be_followed_and_undone(
    server: servers.Postgres, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each mistake is found and nothing else; each statement runs; after its undo the schema is the same, by dump."""
    servers.wait_until(
        lambda: {one["id"] for one in _advice(server, tmp_path, capsys)} >= _EXPECTED, 10, "all is counted"
    )
    found = _advice(server, tmp_path, capsys)
    (index,) = (one for one in found if one["object"] == "public.contacts (lower(email))")
    cost = re.search(r"cost of a search is (\d+), and (\d+) with it \(hypopg\)", index["evidence"])
    assert cost
    assert int(cost[1]) > 2 * int(cost[2])
    before, changed = _dumped(server), 0
    assert {one["id"] for one in found} == _EXPECTED
    for one in found:
        with psycopg.connect(server.dsn(database), autocommit=True) as connection:
            for part in ("sql", "undo"):
                for statement in one[part]:
                    connection.execute(statement)
                changed += part == "sql" and _dumped(server) != before
        assert _dumped(server) == before, one["id"]
    assert changed >= len(_EXPECTED) - 4  # ANALYZE, VACUUM and what a dump does not hold


@pytest.mark.long
@pytest.mark.parametrize("major", [postgres_versions.MAJORS[0], postgres_versions.MAJORS[-1]])
def test_every_version_is_read_whole_by_the_role_of_the_exporter(
    major: int, tmp_path: Path, prepared: Callable[[servers.Postgres], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """No question fails, in any database of the server; tables that the role may not read have advice too."""
    options = {"shared_preload_libraries": "pg_stat_statements"}
    binaries, environment = postgres_versions.binaries(major), postgres_versions.environment(major)
    with servers.postgres(tmp_path / "server", binaries, options, environment) as server:
        prepared(server)
        server.execute(
            "CREATE TABLE notes (id int, note text)",
            "INSERT INTO notes SELECT n, n FROM generate_series(1, 20000) AS n",
            "CREATE INDEX notes_a ON notes (note)",
            "CREATE INDEX notes_b ON notes (note)",
            dbname="second",
        )
        (tmp_path / "dsn").write_text(server.dsn(user="pantrywatch"))
        (tmp_path / "settings.yaml").write_text("environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n")
        command = ["advise", "--json", "--server", "main", "--settings", str(tmp_path / "settings.yaml")]
        assert main(command) == 0
        document = json.loads(capsys.readouterr().out)
    sequences = "1 sequences: permission: GRANT SELECT on them to the role"
    assert document["not_known"] == [f"main/postgres: {sequences}"]
    assert "drop-index:main.second.public.notes_b" in {one["id"] for one in document["advice"]}
    assert " ERROR: " not in (tmp_path / "server/postgres.log").read_text()
