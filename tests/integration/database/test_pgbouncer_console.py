"""PgBouncer's admin console: pools, clients that wait, and why it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.support import pgbouncers, servers
from tests.support.exporter import Exporter, Page, exporter

CONSOLE = "/metrics/database?target=pooler"


@pytest.fixture
def bouncer(server: servers.Postgres, tmp_path: Path) -> Iterator[int]:
    """The port of a PgBouncer with one server connection for each pool."""
    with pgbouncers.pgbouncer(tmp_path / "pgbouncer", server, pool_size=1) as port:
        yield port


@pytest.fixture
def watching(server: servers.Postgres, bouncer: int, tmp_path: Path) -> Iterator[Exporter]:
    """An exporter with a target for the console, and one for each way to get it wrong."""
    dsns = {
        "pooler": pgbouncers.dsn(bouncer, "pgbouncer"),
        "not-allowed": pgbouncers.dsn(bouncer, "pgbouncer", "postgres"),
        "wrong-password": f"postgresql://pantrywatch:wrong@127.0.0.1:{bouncer}/pgbouncer",
        "a-database": pgbouncers.dsn(bouncer),
        "stopped": f"postgresql://pantrywatch@127.0.0.1:{servers.free_port()}/pgbouncer",
        "postgresql": server.dsn(user="pantrywatch"),
    }
    lines = ["environment: test", "database:"]
    for name, dsn in dsns.items():
        (tmp_path / f"{name}.dsn").write_text(dsn)
        lines += [f"  - name: {name}", f"    dsn_file: {name}.dsn", "    pgbouncer: true"]
    with exporter(tmp_path, "\n".join(lines) + "\n", ["database"]) as running:
        yield running


def _pool(page: Page, name: str) -> float | None:
    return page.value(f"pgbouncer_pools_{name}", database="postgres", user="postgres")


def test_a_pool_with_a_waiting_client_is_counted_and_timed(watching: Exporter, bouncer: int) -> None:
    """One client holds the only server connection, a second waits: one active, one waiting, its time, the totals."""
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        holder, waiting = (
            stack.enter_context(psycopg.connect(pgbouncers.dsn(bouncer, user="postgres"), connect_timeout=5))
            for _ in range(2)
        )
        holder.execute("SELECT 1")
        answer = pool.submit(waiting.execute, "SELECT 2")
        servers.wait_until(
            lambda: (_pool(watching.scrape(CONSOLE), "client_maxwait_seconds") or 0) > 1, 20, "it waits for a second"
        )
        page = watching.scrape(CONSOLE)
        holder.rollback()
        answer.result(20)
    assert page.error_classes() == {}
    assert page.value("pgbouncer_up") == 1
    assert _pool(page, "client_waiting_connections") == 1
    assert _pool(page, "server_active_connections") == 1
    for metric, expected in (("pool_size", 1), ("reserve_pool", 0), ("current_connections", 2)):  # two pools
        found = page.samples(f"pgbouncer_databases_{metric}")
        assert [value for labels, value in found if labels["name"] == "postgres"] == [expected], metric
    assert page.value("pgbouncer_config_max_client_connections") == 100
    assert page.value("pgbouncer_used_clients") == 3
    assert [value for _, value in page.samples("pgbouncer_version_info")] == [1]
    after = watching.scrape(CONSOLE)
    assert (after.value("pgbouncer_stats_client_wait_seconds_total", database="postgres") or 0) > 1
    assert (after.value("pgbouncer_stats_sql_transactions_pooled_total", database="postgres") or 0) >= 2
    assert after.types["pgbouncer_stats_queries_pooled_total"] == "counter"


_CAN_SERVE = ("server_active", "server_idle", "server_used", "server_testing")


@pytest.mark.long
def test_a_client_waits_and_no_server_connection_is_there_while_the_server_is_frozen(
    server: servers.Postgres, watching: Exporter, bouncer: int
) -> None:
    """What CrmDatabasePoolWithoutServer compares: one waits, no connection can serve it; thawed, it is served."""
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        # PgBouncer lets a client in after its first connection to the server.
        first = stack.enter_context(psycopg.connect(pgbouncers.dsn(bouncer, user="postgres"), connect_timeout=5))
        with psycopg.connect(server.dsn(), autocommit=True) as direct:
            direct.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        server.freeze()
        stack.callback(server.thaw)
        answer = pool.submit(first.execute, "SELECT 1")
        servers.wait_until(
            lambda: _pool(watching.scrape(CONSOLE), "client_waiting_connections") == 1, 20, "the client waits"
        )
        page = watching.scrape(CONSOLE)
        assert page.value("pgbouncer_up") == 1
        assert [_pool(page, f"{state}_connections") for state in _CAN_SERVE] == [0, 0, 0, 0]
        server.thaw()
        answer.result(20)


@pytest.mark.parametrize(
    ("target", "error_class"),
    [
        ("not-allowed", "permission"),
        ("wrong-password", "auth"),
        ("a-database", "version"),
        ("stopped", "refused"),
        ("postgresql", "version"),
    ],
)
def test_a_console_that_cannot_be_read_is_down_with_its_class(
    watching: Exporter, target: str, error_class: str
) -> None:
    """It is down for its own reason, and has no pool."""
    page = watching.scrape(f"/metrics/database?target={target}")
    assert page.value("pgbouncer_up") == 0
    assert page.error_classes() == {"connection": error_class}
    assert not [name for name in page.types if name.startswith("pgbouncer_pools")]


@pytest.mark.long
def test_a_restarted_pgbouncer_is_read_in_the_first_scrape(server: servers.Postgres, tmp_path: Path) -> None:
    """The connection that a restart ended is replaced in the same scrape; while it is down, pgbouncer_up is 0."""
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        port = first.enter_context(pgbouncers.pgbouncer(tmp_path / "one", server))
        (tmp_path / "dsn").write_text(pgbouncers.dsn(port, "pgbouncer"))
        settings = "environment: test\ndatabase: [{name: pooler, dsn_file: dsn, pgbouncer: true}]\n"
        running = stack.enter_context(exporter(tmp_path, settings, ["database"]))
        assert running.scrape(CONSOLE).value("pgbouncer_up") == 1
        first.close()
        assert running.scrape(CONSOLE).value("pgbouncer_up") == 0
        stack.enter_context(pgbouncers.pgbouncer(tmp_path / "two", server, port=port))
        assert running.scrape(CONSOLE).value("pgbouncer_up") == 1
