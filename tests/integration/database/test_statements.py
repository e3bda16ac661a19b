"""Top statements on a real server: the newly slow one appears, totals add up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from pantrywatch.cli import main
from tests.support import servers
from tests.support.exporter import Exporter, Page

Watch = Callable[..., AbstractContextManager[Exporter]]
CALLS = "pg_stat_statements_calls_total"


def _total(page: Page, name: str) -> float:
    return sum(value for labels, value in page.samples(name) if labels["datname"] == "second")


def test_a_newly_slow_statement_has_a_series_after_one_interval_and_totals_add_up(
    server: servers.Postgres, watch: Watch
) -> None:
    """With room for three statements, one that begins to be slow gets a series; all series add up to what ran."""
    for number in range(8):
        server.execute(f"SELECT {', '.join(['1'] * (number + 1))}", dbname="second")
    with watch(
        server.dsn(user="pantrywatch"), "    limits: {stat_statements: 3}\n    intervals: {stat_statements: 2}\n"
    ) as exporter:
        before = exporter.scrape("/metrics/database")
        assert len([1 for labels, _ in before.samples(CALLS) if labels["queryid"] != "other"]) == 3
        slow = "SELECT pg_sleep(0.4) FROM generate_series(1, 2)"
        server.execute(slow, dbname="second")
        queryid = server.value("SELECT queryid FROM pg_stat_statements WHERE query LIKE 'SELECT pg_sleep%'")
        servers.wait_until(
            lambda: exporter.scrape("/metrics/database").value(CALLS, queryid=str(queryid)) is not None,
            20,
            "the slow statement has a series",
        )
        page = exporter.scrape("/metrics/database")
        assert page.value(CALLS, queryid=str(queryid)) == 1
        seconds = page.value("pg_stat_statements_seconds_total", queryid=str(queryid))
        squares = page.value("pantrywatch_database_statement_seconds_squared_total", queryid=str(queryid))
        assert seconds is not None
        assert seconds > 0.8
        assert squares is not None
        assert abs(squares - seconds**2) < 1e-6  # one call: no deviation
        assert page.value("pantrywatch_query_folded_rows", query="stat_statements") is not None
        assert _total(page, CALLS) >= _total(before, CALLS) + 1


def test_the_extension_is_found_in_whatever_schema_it_is(server: servers.Postgres, watch: Watch) -> None:
    """Hosted servers have it in a schema of its own, which is not on the search path."""
    server.execute('CREATE SCHEMA "Its Own"', 'CREATE EXTENSION pg_stat_statements SCHEMA "Its Own"', dbname="second")
    try:
        with watch(server.dsn("second", user="pantrywatch")) as exporter:
            page = exporter.scrape("/metrics/database")
            # The schema is not open to the role: a privilege is missing, and is named as such.
            assert page.error_classes()["stat_statements"] == "permission"
        server.execute('GRANT USAGE ON SCHEMA "Its Own" TO pantrywatch', dbname="second")
        with watch(server.dsn("second", user="pantrywatch")) as exporter:
            page = exporter.scrape("/metrics/database")
            assert page.error_classes() == {}
            assert page.samples(CALLS)
    finally:
        server.execute('DROP SCHEMA "Its Own" CASCADE', dbname="second")


def test_durations_of_all_statements_are_a_histogram(server: servers.Postgres, watch: Watch) -> None:
    """What clients ran between two reads has its place in the histogram; BEGIN and the exporter's own do not count."""
    name = "pantrywatch_pg_statement_duration_seconds"
    included = "    include_databases: [second]\n    intervals: {stat_statements: 1}\n"
    with watch(server.dsn(user="pantrywatch"), included) as exporter:
        servers.wait_until(
            lambda: exporter.scrape("/metrics/database").value(f"{name}_count") == 0, 20, "nothing has run yet"
        )
        with psycopg.connect(server.dsn("second")) as connection:  # which sends BEGIN and COMMIT
            for seconds in (0.03, 0.03, 0.2):
                connection.execute("SELECT pg_sleep(%s)", (seconds,))
        server.execute("SELECT pg_sleep(0.02)")  # elsewhere
        servers.wait_until(
            lambda: exporter.scrape("/metrics/database").value(f"{name}_count") == 3, 20, "three statements count"
        )
        page = exporter.scrape("/metrics/database")
    assert page.value(f"{name}_bucket", le="0.025") == 0
    within = page.value(f"{name}_bucket", le="0.15")
    assert within is not None
    assert within <= 2
    total = page.value(f"{name}_sum")
    assert total is not None
    assert total >= 0.26


def test_the_text_of_a_statement_is_printed_by_its_id(
    server: servers.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command names server, database and role, and prints what the server keeps; an unknown id is said, and 1."""
    server.execute("SELECT id AS looked_for FROM elsewhere", dbname="second")
    queryid = int(
        str(server.value("SELECT queryid FROM pg_stat_statements WHERE query LIKE '%looked_for FROM elsewhere'"))
    )
    (tmp_path / "dsn").write_text(server.dsn(user="pantrywatch"))
    settings = tmp_path / "settings.yaml"
    settings.write_text("environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n")
    assert main(["statement", str(queryid), "--settings", str(settings)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("main: database second, role postgres, 1 calls\nSELECT id AS looked_for FROM elsewhere\n")
    assert main(["statement", "1", "--settings", str(settings)]) == 1
    assert "has a statement 1" in capsys.readouterr().out
