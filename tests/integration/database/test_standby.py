"""A hot standby, and what is left of the page when it goes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import Exporter

Watch = Callable[..., AbstractContextManager[Exporter]]


@pytest.fixture
def standby(request: pytest.FixtureRequest, server: servers.Postgres, tmp_path: Path) -> Iterator[servers.Postgres]:
    """A standby of the module's server, streaming from it; further options as the test's parameter."""
    binaries, data, port = servers.postgres_bin(), tmp_path / "standby", servers.free_port()
    subprocess.run(
        [str(binaries / "pg_basebackup"), "-D", str(data), "-d", server.dsn(), "-R", "-X", "stream", "-c", "fast",
         "--no-sync"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    options = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
               "shared_buffers": "16MB", "shared_preload_libraries": "pg_stat_statements",
               **getattr(request, "param", {})}  # fmt: skip
    command = [str(binaries / "postgres"), "-D", str(data)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    if os.geteuid() == 0:
        for path in (data, *data.rglob("*")):
            shutil.chown(path, "postgres", "postgres")
        command = [*servers.RUN_AS_POSTGRES, *command]
    with servers.process(command, tmp_path / "standby.log", stop_signal=signal.SIGINT) as child:
        running = servers.Postgres(port, data, child)
        servers.wait_until(lambda: _follows(running), 20, "the standby follows")
        yield running


def _follows(standby: servers.Postgres) -> bool:
    options = "-c default_transaction_isolation=read\\ committed"
    try:
        with psycopg.connect(standby.dsn(), connect_timeout=5, options=options) as connection:
            row = connection.execute("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'").fetchone()
    except psycopg.OperationalError:
        return False
    return row == (1,)


def test_a_standby_is_measured_whole_and_its_end_is_seen(
    server: servers.Postgres, standby: servers.Postgres, watch: Watch
) -> None:
    """No collector fails on a standby, it says that it is one and its lag; stopped, it is down and refuses."""
    server.execute("CREATE TABLE shipped (id int)")
    with watch(standby.dsn(user="pantrywatch")) as exporter:
        page = exporter.scrape("/metrics/database")
        assert page.error_classes() == {}
        assert page.value("pg_replication_is_replica") == 1
        lag = page.value("pg_replication_lag_seconds")
        assert lag is not None
        assert 0 <= lag < 30
        assert (page.value("pg_wal_lsn_location_bytes") or 0) > 0
        servers.stop(standby.process, signal.SIGINT)
        page = exporter.scrape("/metrics/database")
        assert page.value("pg_up") == 0
        assert set(page.error_classes().values()) == {"refused"}
        assert page.value("pg_replication_is_replica") is None


def test_the_primary_sees_the_standby(server: servers.Postgres, standby: servers.Postgres, watch: Watch) -> None:
    """It has the bytes the standby has still to replay."""
    with watch(server.dsn(user="pantrywatch")) as exporter:
        page = exporter.scrape("/metrics/database")
        (sample,) = page.samples("pg_stat_replication_pg_wal_lsn_diff")
        assert sample[0]["state"] == "streaming"
        assert page.value("pg_replication_is_replica") == 0


@pytest.mark.parametrize("standby", [{"default_transaction_isolation": "serializable"}], indirect=True)
def test_a_standby_with_a_serializable_default_is_measured_whole(standby: servers.Postgres, watch: Watch) -> None:
    """Serializable, which a hot standby refuses, as the default costs no collector: not here, not in `validate`."""
    with watch(standby.dsn(user="pantrywatch")) as exporter:
        page = exporter.scrape("/metrics/database")
    assert page.error_classes() == {}
    assert page.value("pg_up") == 1
    assert page.value("pg_replication_is_replica") == 1
    log = (standby.data.parent / "standby.log").read_text()
    assert "cannot use serializable mode" not in log


@pytest.mark.long
def test_a_standby_cut_off_from_its_primary_says_so(
    server: servers.Postgres, standby: servers.Postgres, watch: Watch
) -> None:
    """The link is 1 while WAL streams, 0 once the primary refuses the replica, 1 again when it lets it in.

    Promoted, the server is no replica any more: no sample.
    """
    rules = server.data / "pg_hba.conf"
    allowed = rules.read_text()
    with watch(standby.dsn(user="pantrywatch")) as exporter:

        def link() -> float | None:
            return exporter.scrape("/metrics/database").value("pantrywatch_database_replica_link_up")

        page = exporter.scrape("/metrics/database")
        assert page.value("pantrywatch_database_replica_link_up") == 1
        age = page.value("pantrywatch_database_replica_last_message_age_seconds")
        assert age is not None
        assert 0 <= age < 60
        rules.write_text(f"host replication all all reject\n{allowed}")
        try:
            server.execute("SELECT pg_reload_conf()", "SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
            servers.wait_until(lambda: link() == 0, 20, "the replica has no link")
            server.execute("CREATE TABLE not_shipped (id int)", "DROP TABLE not_shipped")
            page = exporter.scrape("/metrics/database")
            assert page.value("pantrywatch_database_replica_last_message_age_seconds") is None
            assert page.value("pg_up") == 1
            replayed = page.value("pantrywatch_database_replica_replayed_age_seconds")
            assert replayed is None or replayed > 0
        finally:
            rules.write_text(allowed)
            server.execute("SELECT pg_reload_conf()")
        servers.wait_until(lambda: link() == 1, 20, "the replica has its link again")
        standby.value("SELECT pg_promote()")
        servers.wait_until(lambda: link() is None, 20, "a primary has no such sample")
        assert exporter.scrape("/metrics/database").error_classes() == {}


def test_a_replica_fed_by_the_archive_alone_has_no_link_to_lose(
    server: servers.Postgres, standby: servers.Postgres, watch: Watch
) -> None:
    """Without primary_conninfo there is no sample of the link, and the age of what was replayed is told, or nothing."""
    standby.execute("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
    with watch(standby.dsn(user="pantrywatch")) as exporter:
        servers.wait_until(
            lambda: exporter.scrape("/metrics/database").value("pantrywatch_database_replica_link_up") is None,
            10,
            "the setting is seen",
        )
        page = exporter.scrape("/metrics/database")
    assert page.error_classes() == {}
    assert page.value("pg_replication_is_replica") == 1


def test_a_primary_has_no_samples_of_a_replica(server: servers.Postgres, watch: Watch) -> None:
    """They are on replicas only."""
    with watch(server.dsn(user="pantrywatch")) as exporter:
        page = exporter.scrape("/metrics/database")
    assert not [name for name in page.types if name.startswith("pantrywatch_database_replica_")]
