"""The extension pg_wait_sampling, where a server has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import exporter

_SETTINGS = "environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n"
_SECONDS = "pantrywatch_database_wait_sampled_seconds_total"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[servers.Postgres]:
    """A server with the extension loaded, but not created."""
    options = {"shared_preload_libraries": "pg_stat_statements,pg_wait_sampling"}
    with servers.postgres(tmp_path / "server", options=options) as running:
        running.execute("CREATE EXTENSION pg_stat_statements", "CREATE TABLE orders (id int)")
        (tmp_path / "dsn").write_text(running.dsn())
        yield running


@pytest.mark.long
def test_waits_are_counted_as_long_as_they_last(server: servers.Postgres, tmp_path: Path) -> None:
    """A session that waits for a lock adds its time, at most; idle sessions and the server's own add nothing.

    On a busy machine the server takes fewer samples than it means to.
    """
    server.execute("CREATE EXTENSION pg_wait_sampling SCHEMA public")
    with psycopg.connect(server.dsn(), connect_timeout=5) as holder, psycopg.connect(server.dsn()) as waiter:
        holder.execute("LOCK TABLE orders")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            waiter.execute("SET lock_timeout = '4s'; LOCK TABLE orders")
        with exporter(tmp_path, _SETTINGS, ["database"]) as running:
            servers.wait_until(running.has_run_all_queries, 15, "background queries ran")
            page = running.scrape("/metrics/database")
    assert page.error_classes() == {}
    waited = page.value(_SECONDS, wait_event_type="Lock", wait_event="relation")
    assert waited is not None
    assert 1.0 < waited < 4.4
    events = {(labels["wait_event_type"], labels["wait_event"]) for labels, _ in page.samples(_SECONDS)}
    assert not {kind for kind, _ in events} & {"Activity", "Timeout"}
    assert ("Client", "ClientRead") not in events
    assert page.value("pantrywatch_privilege_granted", privilege="pg_wait_sampling") == 1


@pytest.mark.long
def test_without_it_nothing_is_missing(server: servers.Postgres, tmp_path: Path) -> None:
    """It is asked for and not demanded: no sample, no failing collector, no privilege that is missing."""
    with exporter(tmp_path, _SETTINGS, ["database"]) as running:
        servers.wait_until(running.has_run_all_queries, 15, "background queries ran")
        page = running.scrape("/metrics/database")
    assert page.error_classes() == {}
    assert _SECONDS not in page.types
    assert page.value("pantrywatch_query_success", query="wait_sampling") is None
    assert page.value("pantrywatch_privilege_granted", privilege="pg_wait_sampling") is None
