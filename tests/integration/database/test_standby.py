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
def standby(server: servers.Postgres, tmp_path: Path) -> Iterator[servers.Postgres]:
    """A standby of the module's server, streaming from it."""
    binaries, data, port = servers.postgres_bin(), tmp_path / "standby", servers.free_port()
    subprocess.run(
        [str(binaries / "pg_basebackup"), "-D", str(data), "-d", server.dsn(), "-R", "-X", "stream", "-c", "fast",
         "--no-sync"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    options = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
               "shared_buffers": "16MB", "shared_preload_libraries": "pg_stat_statements"}  # fmt: skip
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
    try:
        return standby.value("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'") == 1
    except psycopg.OperationalError:
        return False


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
