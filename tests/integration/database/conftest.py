"""What the database tests share: a server of their own, the monitoring role, an exporter that watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.exporter import ROOT, Exporter, exporter

OPTIONS = {
    "shared_preload_libraries": "pg_stat_statements",
    "track_io_timing": "on",
    "autovacuum": "off",  # comes and goes as it likes
}
ROLE_SCRIPT = ROOT / "provisioning" / "database" / "monitor-role.sql"

Watch = Callable[..., AbstractContextManager[Exporter]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Postgres]:
    """A PostgreSQL with pg_stat_statements, tables, a second database and the role that our script makes."""
    with servers.postgres(tmp_path_factory.mktemp("server"), options=OPTIONS) as running:
        prepare(running)
        yield running


def prepare(running: servers.Postgres) -> None:
    """Make what a watched server has."""
    running.execute(
        ROLE_SCRIPT.read_text(),
        f"ALTER ROLE pantrywatch PASSWORD '{servers.PASSWORD}'",
        "CREATE EXTENSION pg_stat_statements",
        "CREATE TABLE orders (id serial PRIMARY KEY, note text)",
        "INSERT INTO orders (note) SELECT md5(n::text) FROM generate_series(1, 500) AS n",
        "CREATE DATABASE second",
    )
    running.execute(ROLE_SCRIPT.read_text(), dbname="second")
    running.execute("CREATE TABLE elsewhere (id int)", "INSERT INTO elsewhere VALUES (1)", dbname="second")


@pytest.fixture(scope="session")
def prepared() -> Callable[[servers.Postgres], None]:
    """The function `prepare`, for tests with servers of their own."""
    return prepare


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """Return a context manager that runs the exporter on a DSN and waits until its background queries have run."""

    @contextmanager
    def watching(dsn: str, more: str = "", *, ready: bool = True) -> Iterator[Exporter]:
        (tmp_path / "dsn").write_text(dsn)
        settings = f"environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n{more}"
        with exporter(tmp_path, settings, ["database"]) as running:
            if ready:
                servers.wait_until(running.has_run_all_queries, 15, "background queries ran")
            yield running

    return watching
