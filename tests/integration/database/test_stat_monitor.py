"""pg_stat_monitor, of which Debian and PyPI have no package: a stand-in with the shapes of the real one.

Columns, settings and rows are as seen in pg_stat_monitor 2.1.0 to 2.3.2 on PostgreSQL 15: `resp_calls` is an array of
texts, settings have units, a statement that failed is a call of 0 ms with `elevel` 21, one in a function has no
`toplevel`, and time buckets have the start of their minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from exporters.cli import main
from tests.support import servers
from tests.support.exporter import Exporter, Page

Watch = Callable[..., AbstractContextManager[Exporter]]

_DATABASE = "monitored"
_NAME = "pantrywatch_pg_stat_monitor_duration_seconds"
_USABLE = "pantrywatch_pg_stat_monitor_usable"
_SETTINGS = {
    "histogram_min": "0",
    "histogram_max": "100s",
    "histogram_buckets": "20",
    "bucket_time": "1min",
    "max_buckets": "10",
}
_COLUMNS = """
    bucket bigint, bucket_start_time timestamptz, userid oid, datname text, toplevel boolean DEFAULT true,
    elevel int DEFAULT 0, rows bigint DEFAULT 1, shared_blks_hit bigint DEFAULT 0, shared_blks_read bigint DEFAULT 0,
    total_exec_time float8, resp_calls text[]
"""
_EXTENSION = """
    INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
    VALUES (99999, 'pg_stat_monitor', 10, 'public'::regnamespace, false, '{version}')
"""
_INTERVAL = "    intervals: {stat_monitor: 1}\n    exclude_databases: [second]\n"


@contextmanager
def _monitored(server: servers.Postgres, version: str = "2.3", **changed: str) -> Iterator[None]:
    """Make a database with the stand-in, until the block ends."""
    server.execute(f"CREATE DATABASE {_DATABASE}")
    try:
        settings = [
            f"ALTER DATABASE {_DATABASE} SET pg_stat_monitor.pgsm_{name} = '{value}'"
            for name, value in (_SETTINGS | changed).items()
        ]
        create = [f"CREATE TABLE pg_stat_monitor ({_COLUMNS})", "GRANT SELECT ON pg_stat_monitor TO PUBLIC"]
        create += ["SET allow_system_table_mods = on", _EXTENSION.format(version=version)]
        server.execute(*settings)
        server.execute(*create, dbname=_DATABASE)
        yield
    finally:
        server.execute(f"DROP DATABASE {_DATABASE} (FORCE)")


def _calls(fast: int, slow: int = 0) -> str:
    """Return the calls by range, of which the eighth ends at 0.1 s."""
    return f"array_fill('0'::text, ARRAY[7]) || '{{{fast},{slow}}}'::text[] || array_fill('0'::text, ARRAY[12])"


def _row(fast: int, *, slow: int = 0, ms: float = 80, minutes: int = 0, **columns: str) -> str:
    """Return the statement that has the extension show a row, of a bucket that began so many minutes ago."""
    given = {
        "bucket": "0",
        "bucket_start_time": f"date_trunc('minute', now()) - interval '{minutes} min'",
        "userid": "10",
        "datname": "'postgres'",
        "total_exec_time": f"{ms}",
        "resp_calls": _calls(fast, slow),
        **columns,
    }
    return f"INSERT INTO pg_stat_monitor ({', '.join(given)}) VALUES ({', '.join(given.values())})"  # noqa: S608 - ours


def _until(exporter: Exporter, count: float) -> Page:
    servers.wait_until(
        lambda: exporter.scrape("/metrics/database").value(f"{_NAME}_count") == count, 20, f"{count} calls count"
    )
    return exporter.scrape("/metrics/database")


def test_calls_are_counted_once_by_the_ranges_of_the_extension(server: servers.Postgres, watch: Watch) -> None:
    """What a bucket grows by counts, also as a bucket follows; what failed, was nested, ours or excluded does not."""
    ours = "'pantrywatch'::regrole"
    with _monitored(server):
        server.execute(_row(5, minutes=1), dbname=_DATABASE)
        with watch(server.dsn(_DATABASE, user="pantrywatch"), _INTERVAL) as exporter:
            page = _until(exporter, 0)
            assert page.value(_USABLE) == 1
            server.execute(
                f"UPDATE pg_stat_monitor SET total_exec_time = 280, resp_calls = {_calls(6, 1)}",  # noqa: S608 - ours
                _row(1),
                _row(10, elevel="21"),
                _row(20, toplevel="false"),
                _row(40, rows="0"),  # BEGIN and COMMIT
                _row(80, userid=ours),
                _row(160, datname="'second'"),
                _row(320, minutes=10),  # its place is being taken
                dbname=_DATABASE,
            )
            page = _until(exporter, 3)
            assert page.value(f"{_NAME}_bucket", le="0.0562341325") == 0
            assert page.value(f"{_NAME}_bucket", le="0.1") == 2
            assert page.value(f"{_NAME}_bucket", le="0.177827941") == 3
            assert page.value(f"{_NAME}_sum") == pytest.approx(0.28)
            server.execute("TRUNCATE pg_stat_monitor", dbname=_DATABASE)  # pg_stat_monitor_reset()
            server.execute(_row(7, minutes=-1), dbname=_DATABASE)
            page = _until(exporter, 10)
            assert page.value("pantrywatch_query_success", query="stat_monitor") == 1


def test_as_installed_there_is_no_histogram(server: servers.Postgres, watch: Watch) -> None:
    """No range ends at 0.1 s; that is no failure of the collector."""
    as_installed = _monitored(server, histogram_min="1ms")
    with as_installed, watch(server.dsn(_DATABASE, user="pantrywatch"), _INTERVAL) as exporter:
        page = exporter.scrape("/metrics/database")
        assert page.value(_USABLE) == 0
        assert page.value(f"{_NAME}_count") is None
        assert "stat_monitor" not in page.error_classes()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"histogram_min": "1ms", "histogram_max": "10s"}, ["SET {}histogram_min = 0;", "RESET {}histogram_max;"]),
        ({"max_buckets": "5", "bucket_time": "12s"}, ["SET {}max_buckets = 50;"]),
        ({"version": "2.0"}, ["install pg_stat_monitor 2.1 or newer"]),
    ],
)
def test_validate_says_what_it_takes(
    server: servers.Postgres,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, str],
    said: list[str],
) -> None:
    """The ranges and how long a bucket stays; 2.0 no longer marks statements after an error as top-level."""
    settings = tmp_path / "settings.yaml"
    with _monitored(server, **changed):
        settings.write_text("environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n")
        (tmp_path / "dsn").write_text(server.dsn(_DATABASE, user="pantrywatch"))
        main(["--settings", str(settings), "validate"])
    printed = capsys.readouterr().out
    assert ("ok: pg_stat_monitor counts statements exactly" in printed) == (not said)
    for remedy in said:
        assert remedy.format("pg_stat_monitor.pgsm_") in printed
    assert printed.count(".pgsm_") == len([remedy for remedy in said if "{}" in remedy])
