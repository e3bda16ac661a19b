"""Every supported version of PostgreSQL, each a real server."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.support import postgres_versions, servers
from tests.support.exporter import exporter

OPTIONS = {"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"}
TABLE = Path(__file__).parent / "metrics-by-version.yaml"

# These come and go with what the server does: vacuum now, a standby, a slot, an archive, a reset.
SITUATIONAL = (
    "pg_stat_progress_vacuum_",
    "pg_stat_replication_",
    "pg_replication_slots_",
    "pg_stat_archiver_last_archive_age",
    "pg_stat_database_stats_reset",
)


@pytest.mark.long
@pytest.mark.parametrize("major", postgres_versions.MAJORS)
def test_each_version_has_exactly_the_metrics_listed_for_it(
    major: int, tmp_path: Path, prepared: Callable[[servers.Postgres], None]
) -> None:
    """With the role our script makes, no collector fails and the page has the names in metrics-by-version.yaml."""
    binaries, environment = postgres_versions.binaries(major), postgres_versions.environment(major)
    with servers.postgres(tmp_path / "server", binaries, OPTIONS, environment) as server:
        prepared(server)
        server.execute("SELECT pg_stat_reset_shared('bgwriter')")
        (tmp_path / "dsn").write_text(server.dsn(user="pantrywatch"))
        settings = "environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n"
        with exporter(tmp_path / "exporter", settings.replace("dsn\n", "../dsn\n"), ["database"]) as running:
            servers.wait_until(running.has_run_all_queries, 15, "every query ran")
            page = running.scrape("/metrics/database")
        _script_can_run_again(server)
    assert page.error_classes() == {}
    # A statement that fails counts as a rollback: the target db-error-rate must not be broken by who measures it.
    assert " ERROR: " not in (tmp_path / "server/postgres.log").read_text()
    assert page.value("pg_up") == 1
    assert page.value("pg_static", short_version=f"{server_version(binaries)}.0") == 1
    found = {name for name in page.types if name.startswith(("pg_", "pantrywatch_database_"))}
    assert {name for name in found if not name.startswith(SITUATIONAL)} == expected(major)


def _script_can_run_again(server: servers.Postgres) -> None:
    """Run by its own role's superuser twice: nothing changes and nothing fails."""
    script = (Path(__file__).parents[3] / "provisioning" / "database" / "monitor-role.sql").read_text()
    server.execute(script, script)
    with psycopg.connect(server.dsn(user="pantrywatch"), connect_timeout=5) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


def server_version(binaries: Path) -> str:
    """Return the version the binary reports, for instance 18.4."""
    text = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    return text.split()[-1]


def expected(major: int) -> set[str]:
    """Return the names listed for this version: those of all versions, and those of some."""
    table = yaml.safe_load(TABLE.read_text())
    some = {name for name, majors in table["some"].items() if major in majors}
    return set(table["all"]) | some
