"""The seeded database."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.integration.demo.installation import Installation, run
from tests.support import servers


def test_a_second_seed_changes_nothing(installation: Installation) -> None:
    """Seeding again adds no row and says that there was nothing to do."""
    count = "SELECT count(*) FROM organizations"
    before = installation.postgres.value(count, "crm")
    done = run(installation.variables, "demo.seed", "--scale", "0.5")
    assert done.returncode == 0
    assert "already filled" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert installation.postgres.value(count, "crm") == before


@pytest.mark.long
def test_the_full_seed(installation: Installation) -> None:
    """At full scale the tables hold what is promised, in a database that did not exist before."""
    variables = installation.with_secrets("whole", admin_dsn=installation.postgres.dsn("whole"))
    done = run(variables, "demo.seed")
    assert done.returncode == 0, done.stderr
    counts = {"users": 40, "organizations": 5_000, "contacts": 20_000, "interactions": 100_000, "products": 300}
    for table, count in counts.items():
        assert installation.postgres.value(f"SELECT count(*) FROM {table}", "whole") == count  # noqa: S608 - names above
    installation.postgres.execute("DROP DATABASE whole")


def test_the_application_owns_nothing(installation: Installation) -> None:
    """The application's role is an ordinary one: it reads and writes rows, and may not change a table."""
    attributes = """SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
        FROM pg_roles WHERE rolname = 'crm_app'"""
    assert installation.postgres.value(attributes, "crm") is False
    owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = 'crm_app')"
    assert installation.postgres.value(owned, "crm") == 0
    with (
        psycopg.connect(installation.secrets()["app_dsn"], connect_timeout=5) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("ALTER TABLE organizations ADD COLUMN surprise text")


def test_no_password_stays_in_the_statement_statistics(installation: Installation) -> None:
    """The extension is there, and no password of a role can be read in it."""
    with psycopg.connect(installation.postgres.dsn("crm"), connect_timeout=5) as connection:
        texts = [text for (text,) in connection.execute("SELECT query FROM pg_stat_statements")]
    assert any("PASSWORD" in text for text in texts)
    for password in ("app@word", servers.PASSWORD):
        assert all(password not in text for text in texts)


def test_the_monitoring_role(installation: Installation, tmp_path: Path) -> None:
    """Where there is a secret for the monitoring its script is run and its role gets that password; twice too."""
    script = tmp_path / "monitor.sql"
    script.write_text(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pantrywatch') THEN "
        "CREATE ROLE pantrywatch LOGIN; END IF; END $$;\nGRANT pg_monitor TO pantrywatch;\n"
    )
    dsn = installation.postgres.dsn("crm", "pantrywatch", "m0n")
    variables = {**installation.with_secrets("monitored", monitor_dsn=dsn), "DEMO_MONITOR_SQL": str(script)}
    for _ in range(2):
        done = run(variables, "demo.seed")
        assert done.returncode == 0, done.stderr
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("pantrywatch",)


def test_what_is_missing_is_said(installation: Installation, tmp_path: Path) -> None:
    """Without its secrets the seed ends with 2 and names what is missing."""
    done = run({**installation.variables, "DEMO_SECRETS": str(tmp_path)}, "demo.seed")
    assert done.returncode == 2
    assert "admin_dsn" in done.stderr
