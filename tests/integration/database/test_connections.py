"""How many connections the exporter has at a server, whatever the number of its databases: the server's own count."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import Exporter

Watch = Callable[..., AbstractContextManager[Exporter]]

LAST = "pantrywatch_query_last_success_timestamp_seconds"
QUERIES = ("stat_user_tables", "table_size", "sequences")
_SAMPLE_SECONDS = 0.05


@contextmanager
def counting(server: servers.Postgres) -> Iterator[list[int]]:
    """Yield the numbers of the role's sessions, one more each 50 ms."""
    counts: list[int] = []
    ended = threading.Event()

    def count() -> None:
        with psycopg.connect(server.dsn(), autocommit=True, connect_timeout=5) as connection:
            while not ended.wait(_SAMPLE_SECONDS):
                row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'pantrywatch'")
                counts.append((row.fetchone() or (0,))[0])

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counts
    finally:
        ended.set()
        thread.join()


def _visited(exporter: Exporter) -> float | None:
    return exporter.scrape("/metrics/database").value("pantrywatch_database_databases", state="visited")


def _run_twice(exporter: Exporter, seconds: float) -> None:
    """Return when each query has ended two more runs, with scrapes and samples meanwhile."""
    for _ in range(2):
        page = exporter.scrape("/metrics/database")
        last = {query: page.value(LAST, query=query) for query in QUERIES}

        def again(last: dict[str, float | None] = last) -> bool:
            page = exporter.scrape("/metrics/database")
            return all(page.value(LAST, query=query) != before for query, before in last.items())

        servers.wait_until(again, seconds, "a run of each query")


def _watched(server: servers.Postgres, watch: Watch, databases: int, interval_seconds: int) -> list[int]:
    """Return the numbers of sessions during two runs of all queries over that many databases and two more."""
    intervals = ", ".join(f"{query}: {interval_seconds}" for query in QUERIES)
    with (
        counting(server) as counts,
        watch(server.dsn(user="pantrywatch"), f"    intervals: {{{intervals}}}\n", ready=False) as exporter,
    ):
        servers.wait_until(lambda: _visited(exporter) == databases + 2, 300, "each had its turn")
        _run_twice(exporter, 150)
        assert exporter.scrape("/metrics/database").error_classes() == {}
    return counts


def _create(server: servers.Postgres, databases: int) -> None:
    server.execute("CREATE DATABASE shape")
    server.execute("CREATE SEQUENCE counter", "CREATE TABLE rows (id int)", dbname="shape")
    server.execute("ALTER DATABASE shape ALLOW_CONNECTIONS false")
    for number in range(databases):
        server.execute(f"CREATE DATABASE zz{number:03} TEMPLATE shape STRATEGY wal_log")


@pytest.mark.parametrize(
    ("databases", "rounds"), [(5, 1), pytest.param(300, 2, marks=[pytest.mark.long, pytest.mark.timeout(1000)])]
)
def test_two_connections_at_most(
    tmp_path: Path, watch: Watch, prepared: Callable[[servers.Postgres], None], databases: int, rounds: int
) -> None:
    """Scrapes, samples of waits and background queries never have more than two sessions; 300 take fifty in a run."""
    with servers.postgres(tmp_path / "server", options={"shared_preload_libraries": "pg_stat_statements"}) as server:
        prepared(server)
        _create(server, databases)
        counts = _watched(server, watch, databases, rounds)
    assert max(counts) == 2
    assert len(counts) > 20
