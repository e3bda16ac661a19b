"""Checks of PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exporters.core.errors import ErrorClass
from tests.support import servers
from tests.support.peers import Check, silent_port

_ROLLBACKS = "SELECT sum(xact_rollback) FROM pg_stat_database"


def connections(postgres: servers.Postgres) -> object:
    """Return how many connections the checks have open."""
    return postgres.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pantrywatch-check'")


def test_query_passes_and_leaves_nothing(check: Check, postgres: servers.Postgres) -> None:
    """A query that gives what is expected passes; its connection is closed, and no rollback counted."""
    rollbacks = postgres.value(_ROLLBACKS)
    result = check(kind="sql", dsn=postgres.dsn(), query="SELECT 6 * 7", expect_rows=1, expect_value="42")
    assert result.error_class is None
    assert list(result.phases) == ["connect", "query"]
    servers.wait_until(lambda: connections(postgres) == 0, 5, "the connection is closed")
    # A server process hands in its counts before it is gone.
    assert postgres.value(_ROLLBACKS) == rollbacks


@pytest.mark.parametrize(
    ("settings", "error_class"),
    [
        ({"expect_rows": 2}, ErrorClass.PROTOCOL),
        ({"expect_value": "2"}, ErrorClass.PROTOCOL),
        ({"query": "SELECT 1 FROM no_such_table"}, ErrorClass.VERSION),
        ({"query": "SELEKT"}, ErrorClass.PROTOCOL),
        ({"query": "CREATE TABLE written (id int)"}, ErrorClass.READONLY),  # a check is read-only
    ],
)
def test_answer_not_expected(
    check: Check, postgres: servers.Postgres, settings: dict[str, object], error_class: ErrorClass
) -> None:
    """Rows, a value or an error that is not expected fails with its class."""
    assert check(kind="sql", dsn=postgres.dsn(), **settings).error_class is error_class


def test_too_large_a_result_fails_and_is_not_kept(check: Check, postgres: servers.Postgres) -> None:
    """More than 8 MB are not read to the end: class protocol; 5 MB are."""
    for rows, error_class in ((2000, None), (20000, ErrorClass.PROTOCOL)):
        query = f"SELECT repeat('x', 2500) FROM generate_series(1, {rows})"  # noqa: S608 - a number
        result = check(kind="sql", dsn=postgres.dsn(), query=query, expect_rows=rows, timeout_seconds=14)
        assert result.error_class is error_class
    assert "more than 8388608 bytes" in result.detail
    servers.wait_until(lambda: connections(postgres) == 0, 5, "the connection is closed")


def test_wrong_password(check: Check, postgres: servers.Postgres) -> None:
    """A wrong password is auth, and the result shows no password."""
    result = check(kind="sql", dsn=postgres.dsn(password="wr0ng"))
    assert result.error_class is ErrorClass.AUTH
    assert "wr0ng" not in repr(result)


def test_the_defaults_of_the_role_do_not_decide(check: Check, postgres: servers.Postgres) -> None:
    """Serializable as a default, which a hot standby refuses, is not what a check runs with."""
    postgres.execute("ALTER ROLE postgres SET default_transaction_isolation = serializable")
    try:
        result = check(
            kind="sql", dsn=postgres.dsn(), query="SHOW transaction_isolation", expect_value="read committed"
        )
    finally:
        postgres.execute("ALTER ROLE postgres RESET default_transaction_isolation")
    assert result.error_class is None


def test_a_second_address_is_tried_in_time(check: Check, postgres: servers.Postgres) -> None:
    """A first address that swallows packets leaves time for the next."""
    with silent_port() as silent:
        dsn = f"host=127.0.0.1,127.0.0.1 port={silent},{postgres.port} user=postgres password='{servers.PASSWORD}'"
        assert check(kind="sql", dsn=dsn, timeout_seconds=4).error_class is None


def test_missing_privilege(check: Check, postgres: servers.Postgres) -> None:
    """A privilege that is missing is permission."""
    postgres.execute("CREATE ROLE check_nobody LOGIN PASSWORD 'x'")
    try:
        result = check(kind="sql", dsn=postgres.dsn("postgres", "check_nobody", "x"), query="SELECT * FROM pg_authid")
        assert result.error_class is ErrorClass.PERMISSION
    finally:
        postgres.execute("DROP ROLE check_nobody")


def test_no_server_and_unknown_host(check: Check) -> None:
    """Nobody listens: refused. A host that does not resolve: dns."""
    dsn = f"postgresql://u@127.0.0.1:{servers.free_port()}/x"
    assert check(kind="sql", dsn=dsn).error_class is ErrorClass.REFUSED
    assert check(kind="sql", dsn="postgresql://u@no-such-host.invalid/x").error_class is ErrorClass.DNS


def test_tls_required_of_a_server_without(check: Check, postgres: servers.Postgres) -> None:
    """A requirement of TLS not met is tls."""
    assert check(kind="sql", dsn=f"{postgres.dsn()}?sslmode=require").error_class is ErrorClass.TLS


def test_slow_query_ends_on_both_sides(check: Check, postgres: servers.Postgres) -> None:
    """A query that takes too long is a timeout, and does not stay running on the server."""
    result = check(kind="sql", dsn=postgres.dsn(), query="SELECT pg_sleep(60)", timeout_seconds=1)
    assert result.error_class is ErrorClass.TIMEOUT
    servers.wait_until(lambda: connections(postgres) == 0, 5, "the query is cancelled")


def test_frozen_and_full_server(check: Check, tmp_path: Path) -> None:
    """A server frozen before or while it answers is a timeout; one without a free connection is exhausted."""
    with servers.postgres(tmp_path / "own") as own, ThreadPoolExecutor(1) as pool:
        own.freeze()
        try:
            assert check(kind="sql", dsn=own.dsn(), timeout_seconds=0.5).error_class is ErrorClass.TIMEOUT
        finally:
            own.thaw()
        servers.wait_until(lambda: check(kind="sql", dsn=own.dsn()).error_class is None, 10, "it answers again")
        slow = pool.submit(check, kind="sql", dsn=own.dsn(), query="SELECT pg_sleep(30)", timeout_seconds=3)
        active = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'"
        servers.wait_until(lambda: own.value(active) == 1, 3, "the query runs")
        own.freeze()
        try:
            assert slow.result(10).error_class is ErrorClass.TIMEOUT
        finally:
            own.thaw()
        own.execute("CREATE ROLE plain LOGIN PASSWORD 'x' CONNECTION LIMIT 0")
        result = check(kind="sql", dsn=own.dsn("postgres", "plain", "x"))
        assert result.error_class is ErrorClass.EXHAUSTED
        servers.wait_until(lambda: connections(own) == 0, 10, "no connection is left")
