"""`pantrywatch advise` and the generic plan of a heavy statement."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from pantrywatch.cli import main
from tests.support import servers


@pytest.mark.long
def test_the_plan_of_a_heavy_statement_is_evidence(
    server: servers.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it scans, where the role may read the tables; where it may not, what to grant. It is never run."""
    server.execute(
        "CREATE TABLE contacts (id int, note text)",
        "INSERT INTO contacts SELECT n, repeat('x', 300) FROM generate_series(1, 20000) AS n",
        "ANALYZE contacts",
        dbname="second",
    )
    with psycopg.connect(server.dsn("second"), autocommit=True) as connection:
        for number in range(60):
            connection.execute(
                "SELECT count(*), max(note), pg_sleep(0.02) FROM contacts WHERE note LIKE %s", [f"%{number}x%"]
            )  # heavy on a fast machine too
    (tmp_path / "dsn").write_text(server.dsn(user="pantrywatch"))
    (tmp_path / "settings.yaml").write_text("environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n")

    def evidence() -> str:
        assert main(["advise", "--json", "--settings", str(tmp_path / "settings.yaml")]) == 0
        found = json.loads(capsys.readouterr().out)["advice"]
        return str(next(one["evidence"] for one in found if one["kind"] == "statement"))

    assert evidence().endswith("its plan is not known: permission: GRANT SELECT on its tables to the role")
    server.execute("GRANT SELECT ON contacts TO pantrywatch", dbname="second")
    calls = "SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE 'SELECT count(*), max%'"
    before = server.value(calls)
    assert "its generic plan: sequential scan of public.contacts, cost " in evidence()
    assert server.value(calls) == before
