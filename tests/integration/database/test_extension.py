"""pg_upgrade leaves an extension as old as the server it came from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support import postgres_versions, servers
from tests.support.exporter import ROOT, Exporter

Watch = Callable[..., AbstractContextManager[Exporter]]


@pytest.mark.long
@pytest.mark.parametrize(
    ("version", "missing"),
    [
        ("1.7", {"pantrywatch_database_statements_evicted_total"}),
        ("1.8", {"pantrywatch_database_statements_evicted_total"}),
        ("1.10", set()),
        ("1.12", set()),
    ],
)
def test_an_old_extension_on_a_new_server_costs_only_what_it_lacks(
    version: str, missing: set[str], tmp_path: Path, watch: Watch
) -> None:
    """No collector fails, no error is in the server's log, and `validate` prints how to update."""
    options = {"shared_preload_libraries": "pg_stat_statements"}
    with servers.postgres(
        tmp_path / "server", postgres_versions.binaries(18), options, postgres_versions.environment(18)
    ) as server:
        server.execute('CREATE SCHEMA "Ext"', f"CREATE EXTENSION pg_stat_statements SCHEMA \"Ext\" VERSION '{version}'")
        with watch(server.dsn()) as exporter:
            page = exporter.scrape("/metrics/database")
        validated = subprocess.run(
            [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "validate"],
            capture_output=True, text=True, timeout=30, check=False, cwd=ROOT,
        ).stdout  # fmt: skip
        assert " ERROR: " not in (tmp_path / "server" / "postgres.log").read_text()
    wanted = {
        "pg_stat_statements_calls_total", "pg_stat_statements_seconds_total", "pg_stat_statements_rows_total",
        "pg_stat_statements_block_read_seconds_total", "pg_stat_statements_block_write_seconds_total",
        "pantrywatch_database_statement_seconds_squared_total", "pantrywatch_database_statements_evicted_total",
    }  # fmt: skip
    assert page.error_classes() == {}
    assert wanted - page.types.keys() == missing
    assert sum(value for _, value in page.samples("pg_stat_statements_seconds_total")) > 0
    assert ("ALTER EXTENSION pg_stat_statements UPDATE;" in validated) == (version != "1.12")
    assert (f"has version {version}, this server offers 1.12" in validated) == (version != "1.12")
