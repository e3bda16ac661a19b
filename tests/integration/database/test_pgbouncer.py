"""Through PgBouncer, which gives each transaction another server connection."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import Exporter

Watch = Callable[..., AbstractContextManager[Exporter]]

SETTINGS = """
[databases]
* = host=127.0.0.1 port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = md5
auth_file = {users}
pool_mode = transaction
default_pool_size = 2
pidfile =
"""


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
    directory = tmp_path / "pgbouncer"
    directory.mkdir()
    users, settings, port = directory / "users.txt", directory / "pgbouncer.ini", servers.free_port()
    users.write_text(f'"pantrywatch" "{servers.PASSWORD}"\n')
    settings.write_text(SETTINGS.format(port=server.port, listen=port, users=users))
    command = ["pgbouncer", str(settings)]
    if os.geteuid() == 0:  # it refuses to run as root
        for path in (directory, users, settings):
            shutil.chown(path, "postgres", "postgres")
        command = [*servers.RUN_AS_POSTGRES, *command]
    with servers.process(command, directory / "log"):
        servers.wait_until(lambda: _answers(port), 10, "PgBouncer answers")
        yield port


def _answers(port: int) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(_dsn(port), connect_timeout=2).close()
        return True
    return False


def _dsn(port: int) -> str:
    return (
        f"postgresql://pantrywatch:{servers.PASSWORD.replace('@', '%40').replace('/', '%2F')}@127.0.0.1:{port}/postgres"
    )


def test_everything_works_through_pgbouncer_and_nothing_sticks(
    server: servers.Postgres, bouncer: int, watch: Watch, tmp_path: Path
) -> None:
    """No collector fails, no transaction or setting of ours stays in the pool, also after a query that failed."""
    (tmp_path / "broken.yaml").write_text(BROKEN)
    with watch(_dsn(bouncer), "    queries: [broken.yaml]\n") as exporter:
        for _ in range(5):
            page = exporter.scrape("/metrics/database")
            assert page.value("pg_up") == 1
            assert page.error_classes() == {"broken": "protocol"}
        assert page.value("pg_stat_user_tables_n_live_tup", relname="elsewhere") is not None
        states = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pantrywatch' AND xact_start IS NOT NULL"
        assert server.value(states) == 0
        with psycopg.connect(_dsn(bouncer), connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
            ).fetchone()
        assert row == ("30s", "1s")  # the role's own
