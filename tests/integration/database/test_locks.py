"""Sessions that wait for one another, and queries of ours that would have to wait with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import Exporter

Watch = Callable[..., AbstractContextManager[Exporter]]
Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def connect(server: servers.Postgres) -> Iterator[Callable[[], Connection]]:
    """Return a function that opens a session of an application; nothing it runs takes longer than 20 s."""
    dsn = server.dsn() + "?options=-cstatement_timeout%3D20s"
    with ExitStack() as stack:
        yield lambda: stack.enter_context(psycopg.connect(dsn, connect_timeout=5))


def test_blocking_is_counted_timed_and_its_depth_found(
    server: servers.Postgres, watch: Watch, connect: Callable[[], Connection]
) -> None:
    """A waits for B, which waits for C, idle in its transaction; two more stand behind A: depth 2, four waiters."""
    idle, middle, *behind = (connect() for _ in range(5))
    idle.execute("UPDATE orders SET note = 'x' WHERE id = 1")
    middle.execute("UPDATE orders SET note = 'x' WHERE id = 2")
    for each in behind:
        each.autocommit = True  # gets its turn in any order, and passes it on
    with watch(server.dsn(user="pantrywatch")) as exporter, ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(middle.execute, "UPDATE orders SET note = 'y' WHERE id = 1")]
        waiting += [pool.submit(each.execute, "UPDATE orders SET note = 'y' WHERE id = 2") for each in behind]
        try:
            servers.wait_until(
                lambda: exporter.scrape("/metrics/database").value("pantrywatch_database_lock_waiters") == 4,
                10,
                "4 wait",
            )
            page = exporter.scrape("/metrics/database")
        finally:
            idle.rollback()
            waiting[0].result(10)
            middle.rollback()
        for update in waiting:
            update.result(10)
        assert page.value("pantrywatch_database_lock_blockers") == 1
        assert page.value("pantrywatch_database_lock_blockers_idle_in_transaction") == 1
        assert page.value("pantrywatch_database_lock_chain_depth") in {2, 3}  # 3 while a waiter holds the row's turn
        assert (page.value("pantrywatch_database_lock_longest_wait_seconds") or 0) > 0
        assert (page.value("pantrywatch_database_idle_in_transaction_oldest_seconds") or 0) > 0
        page = exporter.scrape("/metrics/database")
        assert page.value("pantrywatch_database_lock_waiters") == 0
        assert page.value("pantrywatch_database_lock_chain_depth") == 0
        assert page.value("pantrywatch_database_lock_longest_wait_seconds") == 0


def test_a_locked_table_costs_only_its_size(
    server: servers.Postgres, watch: Watch, connect: Callable[[], Connection]
) -> None:
    """Under ACCESS EXCLUSIVE the table's statistics are there, its size has no sample, and no collector fails."""
    connect().execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    with watch(server.dsn(user="pantrywatch")) as exporter:
        page = exporter.scrape("/metrics/database")
        assert page.error_classes() == {}
        assert page.value("pg_stat_user_tables_n_live_tup", relname="orders") == 500
        assert page.value("pg_stat_user_tables_table_size_bytes", relname="orders") is None
        assert page.value("pg_stat_user_tables_table_size_bytes", relname="elsewhere") is not None
        assert page.value("pantrywatch_database_lock_waiters") == 0
