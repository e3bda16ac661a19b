"""What sessions wait for: pg_stat_activity sampled between scrapes, over the connection that scrapes keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import Exporter, Page

Watch = Callable[..., AbstractContextManager[Exporter]]
Connection = psycopg.Connection[tuple[object, ...]]

SECONDS = "pantrywatch_database_session_seconds_total"
COVERED = "pantrywatch_query_sampled_seconds_total"


@pytest.fixture
def connect(server: servers.Postgres) -> Iterator[Callable[[], Connection]]:
    """Return a function that opens a session of an application; nothing it runs takes longer than 60 s."""
    dsn = server.dsn("second") + "?options=-cstatement_timeout%3D60s"
    with ExitStack() as stack:
        yield lambda: stack.enter_context(psycopg.connect(dsn, connect_timeout=5))


def _page(exporter: Exporter) -> Page:
    return exporter.scrape("/metrics/database")


def _seconds(page: Page, state: str, wait: str) -> float:
    return page.value(SECONDS, datname="second", state=state, wait_event_type=wait) or 0.0


@pytest.mark.long
def test_time_is_counted_by_what_sessions_do_and_wait_for(
    server: servers.Postgres, watch: Watch, connect: Callable[[], Connection]
) -> None:
    """A waits for a lock of B, which is idle in transaction, C sleeps: each counts as long as the samples do."""
    with watch(server.dsn(user="pantrywatch")) as exporter, ThreadPoolExecutor(2) as pool:
        idle, waiting, sleeping = connect(), connect(), connect()
        servers.wait_until(
            lambda: _page(exporter).value(SECONDS, datname="second", state="waiting", wait_event_type="Lock") == 0.0,
            10,
            "sessions that only idle are seen, and count 0",
        )
        idle.execute("LOCK TABLE elsewhere IN ACCESS EXCLUSIVE MODE")
        running = [
            pool.submit(waiting.execute, "SELECT count(*) FROM elsewhere"),
            pool.submit(sleeping.execute, "SELECT pg_sleep(60)"),
        ]
        servers.wait_until(lambda: _seconds(_page(exporter), "waiting", "other") > 0, 10, "the sleep is seen")
        before = _page(exporter)
        covered = before.value(COVERED, query="session_time") or 0.0
        servers.wait_until(
            lambda: (_page(exporter).value(COVERED, query="session_time") or 0.0) >= covered + 3, 20, "3 s of samples"
        )
        after = _page(exporter)
        sleeping.cancel()
        idle.rollback()
        for each in running:
            each.exception(20)
    sampled = (after.value(COVERED, query="session_time") or 0.0) - covered
    for state, wait in (("waiting", "Lock"), ("waiting", "other"), ("idle in transaction", "Client")):
        assert _seconds(after, state, wait) - _seconds(before, state, wait) == pytest.approx(sampled), (state, wait)
    assert after.types[SECONDS] == after.types[COVERED] == "counter"
    assert len([1 for labels, _ in after.samples(SECONDS) if labels["datname"] == "second"]) <= 12


@pytest.mark.long
def test_samples_need_no_connection_of_their_own(server: servers.Postgres, watch: Watch) -> None:
    """Scrapes, background queries and samples together hold two connections."""
    with watch(server.dsn(user="pantrywatch"), "    include_databases: [postgres]\n") as exporter:
        start = _page(exporter).value(COVERED, query="session_time") or 0.0
        most = 0
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pantrywatch'"
        while (_page(exporter).value(COVERED, query="session_time") or 0.0) < start + 2:
            most = max(most, int(str(server.value(sessions))))
        assert most == 2
        assert _page(exporter).error_classes() == {}


@pytest.mark.long
def test_a_server_that_hangs_is_not_sampled_until_a_scrape_finds_it_again(
    server: servers.Postgres, watch: Watch
) -> None:
    """While it hangs nothing is counted, no thread and no descriptor is added, and no attempt is made to connect."""
    with watch(server.dsn(user="pantrywatch")) as exporter:
        servers.wait_until(
            lambda: _page(exporter).value(COVERED, query="session_time") is not None, 10, "samples were taken"
        )
        server.freeze()
        try:
            servers.wait_until(lambda: _page(exporter).value("pg_up") == 0, 10, "it is down")
            threads, descriptors = exporter.process.num_threads(), exporter.process.num_fds()
            ended = time.monotonic() + 4
            while time.monotonic() < ended:
                assert exporter.process.num_fds() <= descriptors
                time.sleep(0.2)
            assert exporter.process.num_threads() <= threads
        finally:
            server.thaw()
        servers.wait_until(lambda: _page(exporter).value("pg_up") == 1, 20, "it is up")
        covered = _page(exporter).value(COVERED, query="session_time") or 0.0
        servers.wait_until(
            lambda: (_page(exporter).value(COVERED, query="session_time") or 0.0) > covered, 30, "sampled again"
        )
        assert _page(exporter).error_classes() == {}


@pytest.mark.long
def test_the_samples_of_a_killed_server_begin_again_with_it(server: servers.Postgres, watch: Watch) -> None:
    """A session ended by the server is replaced at once: at most the retry's time is not covered."""
    with watch(server.dsn(user="pantrywatch")) as exporter:
        servers.wait_until(lambda: (_page(exporter).value(COVERED, query="session_time") or 0) > 0, 10, "sampled")
        covered = _page(exporter).value(COVERED, query="session_time") or 0.0
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pantrywatch'")
        servers.wait_until(
            lambda: (_page(exporter).value(COVERED, query="session_time") or 0.0) > covered + 1, 30, "sampled again"
        )
