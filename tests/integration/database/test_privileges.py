"""What the role may not see is reported, and never read as zero."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import ROOT, Exporter

Watch = Callable[..., AbstractContextManager[Exporter]]

PARTLY = """
queries:
  - name: "partly_missing"
    source: "pg_stat_archiver"
    metrics:
      - {name: "crm_there", type: "gauge", value: "archived_count", help: "A column that every server has."}
      - {name: "crm_nowhere", type: "gauge", value: "no_such_column", help: "A column that no server has."}
  - name: "partly_forbidden"
    interval_seconds: 5
    source: "(SELECT 1) AS one"
    metrics:
      - {name: "crm_allowed", type: "gauge", value: "1", help: "What anybody may see."}
      - {name: "crm_forbidden", type: "gauge", value: "(SELECT count(*) FROM public.orders)", help: "Hidden."}
  - name: "forbidden"
    source: "public.orders"
    metrics:
      - {name: "crm_orders", type: "gauge", value: "count(*)", help: "What the role may not see."}
"""

MADE_OF_SESSIONS = ("pg_stat_activity_", "pg_long_running_", "pantrywatch_database_lock", "pantrywatch_database_conn")


@pytest.fixture
def _weak(server: servers.Postgres) -> Iterator[None]:
    """A role without any grant."""
    server.execute(f"CREATE ROLE weak LOGIN PASSWORD '{servers.PASSWORD}'")
    yield
    server.execute("DROP ROLE weak")


@pytest.mark.usefixtures("_weak")
def test_without_pg_monitor_nothing_blind_is_shown(server: servers.Postgres, watch: Watch) -> None:
    """The server is up, what needs the privilege has no sample and the class permission; the rest has its values."""
    with psycopg.connect(server.dsn(), connect_timeout=5) as connection, watch(server.dsn(user="weak")) as exporter:
        connection.execute("SELECT 1")  # an open transaction that this role cannot see
        page = exporter.scrape("/metrics/database")
        assert page.value("pg_up") == 1
        assert not [name for name in page.types if name.startswith(MADE_OF_SESSIONS)]
        assert "pg_database_size_bytes" not in page.types
        assert page.error_classes() == dict.fromkeys(
            (
                "stat_activity", "session_time", "transactions", "blocking", "connections", "stat_replication",
                "replica", "database", "stat_statements", "vacuum_progress", "wal",
            ),
            "permission",
        )  # fmt: skip
        granted = {labels["privilege"]: value for labels, value in page.samples("pantrywatch_privilege_granted")}
        assert granted == {
            "pg_read_all_settings": 0,
            "pg_read_all_stats": 0,
            "pg_ls_waldir": 0,
            "pg_stat_statements": 1,
        }
        assert page.value("pg_stat_database_xact_commit", datname="postgres") is not None
        assert page.value("pg_locks_count", datname="postgres", mode="accesssharelock") is not None


@pytest.mark.usefixtures("_weak")
def test_a_privilege_granted_later_is_seen(server: servers.Postgres, watch: Watch) -> None:
    """After the grant and a new connection the collectors give their values, without a restart of the exporter."""
    with watch(server.dsn(user="weak")) as exporter:
        assert exporter.scrape("/metrics/database").error_classes()["stat_activity"] == "permission"
        server.execute("GRANT pg_monitor TO weak")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'weak'")
        servers.wait_until(
            lambda: "stat_activity" not in exporter.scrape("/metrics/database").error_classes(), 5, "the grant is seen"
        )
        page = exporter.scrape("/metrics/database")
        assert page.value("pg_stat_activity_count", datname="postgres", state="active") is not None
        assert page.value("pantrywatch_privilege_granted", privilege="pg_read_all_stats") == 1


def test_without_the_extension_only_its_collectors_fail(server: servers.Postgres, watch: Watch) -> None:
    """A database without pg_stat_statements: their class is version, and the self-check says 0."""
    with watch(server.dsn("second", user="pantrywatch")) as exporter:
        page = exporter.scrape("/metrics/database")
        assert page.error_classes() == {"stat_statements": "version", "stat_statements_info": "version"}
        assert page.value("pantrywatch_privilege_granted", privilege="pg_stat_statements") == 0
        assert page.value("pg_stat_user_tables_n_live_tup", datname="postgres", relname="orders") == 500


def test_one_column_that_is_missing_or_forbidden_costs_only_its_metric(
    server: servers.Postgres, watch: Watch, tmp_path: Path
) -> None:
    """The other metrics of the query have values; the class is version for the one, permission for the other."""
    (tmp_path / "partly.yaml").write_text(PARTLY)
    with watch(server.dsn(user="pantrywatch"), "    queries: [partly.yaml]\n") as exporter:
        servers.wait_until(
            lambda: exporter.scrape("/metrics/database").value("crm_allowed") == 1, 10, "the background query ran"
        )
        for _ in range(2):  # found out in the first scrape, remembered in the second
            page = exporter.scrape("/metrics/database")
            assert page.value("crm_there") == 0
            assert page.value("crm_allowed") == 1
            assert not {"crm_nowhere", "crm_forbidden", "crm_orders"} & page.types.keys()
            assert page.error_classes() == {
                "partly_missing": "version", "partly_forbidden": "permission", "forbidden": "permission",
            }  # fmt: skip


@pytest.mark.usefixtures("_weak")
def test_validate_names_what_is_missing_and_the_statement_that_mends_it(
    server: servers.Postgres, tmp_path: Path
) -> None:
    """The role our script makes is found whole; the other one is told what to grant, and the exit code is 1."""
    server.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO pantrywatch")
    whole = _validate(tmp_path, server.dsn(user="pantrywatch"))
    assert whole.returncode == 0, whole.stdout
    assert "MISSING" not in whole.stdout
    weak = _validate(tmp_path, server.dsn("second", user="weak"))
    assert weak.returncode == 1
    assert "GRANT pg_read_all_stats TO weak;" in weak.stdout
    assert "CREATE EXTENSION pg_stat_statements;" in weak.stdout
    down = _validate(tmp_path, server.dsn(user="weak", password="wrong"))
    assert (down.returncode, "FAULT: connection: auth" in down.stdout) == (2, True)
    for text in (whole.stdout, weak.stdout, down.stdout + down.stderr):
        assert servers.PASSWORD not in text


def test_check_runs_background_queries_at_once(server: servers.Postgres, tmp_path: Path) -> None:
    """`check NAME` measures one collector, also one with an interval of its own, and prints its metrics."""
    result = _command(tmp_path, server.dsn(user="pantrywatch"), "check", "stat_user_tables")
    assert result.returncode == 0, result.stdout
    assert 'pg_stat_user_tables_n_live_tup{datname="second",schemaname="public",relname="elsewhere"' in result.stdout
    assert "pg_stat_activity_count" not in result.stdout


def _validate(directory: Path, dsn: str) -> subprocess.CompletedProcess[str]:
    return _command(directory, dsn, "validate")


def _command(directory: Path, dsn: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (directory / "dsn").write_text(dsn)
    settings = directory / "settings.yaml"
    settings.write_text("environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n")
    return subprocess.run(
        [sys.executable, "-m", "exporters", "--settings", str(settings), *arguments],
        capture_output=True, text=True, timeout=30, check=False, cwd=ROOT,
    )  # fmt: skip


def test_the_role_script_runs_in_psql_and_grants_no_more_than_statistics(server: servers.Postgres) -> None:
    """It runs without an error, again and again; the role reads statistics, no table and writes nothing."""
    script = ROOT / "provisioning" / "database" / "monitor-role.sql"
    for _ in range(2):
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", server.dsn(), "-f", str(script)],
            check=True, capture_output=True, timeout=20,
        )  # fmt: skip
    with psycopg.connect(server.dsn(user="pantrywatch"), connect_timeout=5, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM orders")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mine (id int)")
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'pantrywatch'").fetchone() == (False,)
        assert connection.execute("SELECT count(*) > 0 FROM pg_stat_activity WHERE state IS NOT NULL").fetchone() == (
            True,
        )
