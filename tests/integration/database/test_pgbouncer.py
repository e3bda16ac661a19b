"""Through PgBouncer, which gives each transaction another server connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from tests.support import pgbouncers, servers
from tests.support.exporter import Exporter

Watch = Callable[..., AbstractContextManager[Exporter]]

BROKEN = """
queries:
  - name: "broken"
    source: "(SELECT 1 / count(*) AS n FROM pg_class WHERE false) AS division"
    metrics:
      - {name: "crm_broken", type: "gauge", value: "n", help: "Never there."}
"""


@pytest.fixture
def bouncer(server: servers.Postgres, tmp_path: Path) -> Iterator[int]:
    """The port of a PgBouncer in transaction mode."""
    with pgbouncers.pgbouncer(tmp_path / "pgbouncer", server) as port:
        yield port


def test_everything_works_through_pgbouncer_and_nothing_sticks(
    server: servers.Postgres, bouncer: int, watch: Watch, tmp_path: Path
) -> None:
    """No collector fails, no transaction or setting of ours stays in the pool, also after a query that failed."""
    (tmp_path / "broken.yaml").write_text(BROKEN)
    with watch(pgbouncers.dsn(bouncer), "    queries: [broken.yaml]\n") as exporter:
        for _ in range(5):
            page = exporter.scrape("/metrics/database")
            assert page.value("pg_up") == 1
            assert page.error_classes() == {"broken": "protocol"}
        assert page.value("pg_stat_user_tables_n_live_tup", relname="elsewhere") is not None
        states = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pantrywatch' AND xact_start IS NOT NULL"
        assert server.value(states) == 0
        with psycopg.connect(pgbouncers.dsn(bouncer), connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
            ).fetchone()
        assert row == ("30s", "1s")  # the role's own
