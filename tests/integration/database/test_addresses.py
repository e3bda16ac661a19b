"""A server with several addresses: one that swallows packets does not cost the others their chance."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_connect import connect
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from tests.support import servers
from tests.support.exporter import Exporter
from tests.support.peers import silent_port

Watch = Callable[..., AbstractContextManager[Exporter]]


def _dsn(server: servers.Postgres, hosts: str, ports: str, more: str = "") -> str:
    password = servers.PASSWORD.replace("'", "\\'")
    return f"host={hosts} port={ports} user=postgres dbname=postgres password='{password}' {more}"


@pytest.mark.parametrize("database", [None, b"second"])
def test_a_silent_address_leaves_time_for_the_next(server: servers.Postgres, database: bytes | None) -> None:
    """The second address is reached before the deadline, and asked first the next time."""
    with silent_port() as silent:
        dsn = Dsn(Secret(_dsn(server, "127.0.0.1,127.0.0.1", f"{silent},{server.port}")), "dsn", "settings.yaml")
        for seconds in (3.0, 1.0):
            pgconn = connect(dsn, Deadline.after(seconds), database)
            assert pgconn.port == str(server.port).encode()
            pgconn.finish()
        assert [endpoint.port for endpoint, _ in dsn.connection_strings()] == [str(server.port), str(silent)]


@pytest.mark.parametrize(
    ("wanted", "error_class"), [("any", None), ("read-write", None), ("primary", None), ("prefer-standby", None),
                                ("standby", ErrorClass.PROTOCOL)],
)  # fmt: skip
def test_the_kind_of_server_wanted_is_kept(
    server: servers.Postgres, wanted: str, error_class: ErrorClass | None
) -> None:
    """target_session_attrs holds for each address; a server of the wrong kind is an answer not expected."""
    text = _dsn(server, "127.0.0.1,127.0.0.1", f"{servers.free_port()},{server.port}", f"target_session_attrs={wanted}")
    dsn = Dsn(Secret(text), "dsn", "settings.yaml")
    if error_class is None:
        connect(dsn, Deadline.after(5)).finish()
        return
    with pytest.raises(CollectError) as caught:
        connect(dsn, Deadline.after(5))
    assert caught.value.error_class is error_class


def test_what_a_server_said_is_told_before_silence(server: servers.Postgres) -> None:
    """Nobody listens on one address, the other refuses the password: auth. Silence on both: timeout."""
    text = _dsn(server, "127.0.0.1,127.0.0.1", f"{servers.free_port()},{server.port}").replace(servers.PASSWORD, "no")
    with pytest.raises(CollectError) as caught:
        connect(Dsn(Secret(text), "dsn", "settings.yaml"), Deadline.after(5))
    assert caught.value.error_class is ErrorClass.AUTH
    with silent_port() as silent:
        text = _dsn(server, "127.0.0.1,127.0.0.1", f"{silent},{silent}")
        with pytest.raises(CollectError) as caught:
            connect(Dsn(Secret(text), "dsn", "settings.yaml"), Deadline.after(0.5))
    assert caught.value.error_class is ErrorClass.TIMEOUT


def test_a_unix_socket_and_a_service_file_still_work(
    server: servers.Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory as host is a Unix socket; a service file names a silent host and a good one."""
    dsn = Dsn(Secret(_dsn(server, str(tmp_path), str(server.port))), "dsn", "settings.yaml")
    with pytest.raises(CollectError) as caught:
        connect(dsn, Deadline.after(5))
    assert caught.value.error_class is ErrorClass.REFUSED
    assert str(tmp_path) in str(caught.value)
    with silent_port() as silent:
        (tmp_path / "services").write_text(f"[crm]\nhost=127.0.0.1,127.0.0.1\nport={silent},{server.port}\n")
        monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
        text = f"service=crm user=postgres password='{servers.PASSWORD}' dbname=postgres"
        connect(Dsn(Secret(text), "dsn", "settings.yaml"), Deadline.after(3)).finish()


@pytest.mark.long
def test_the_exporter_is_up_in_the_first_scrape(server: servers.Postgres, watch: Watch) -> None:
    """A scrape of a DSN whose first address is silent finds the server up, and the background queries run."""
    with (
        silent_port() as silent,
        watch(_dsn(server, "127.0.0.1,127.0.0.1", f"{silent},{server.port}"), ready=False) as exporter,
    ):
        page = exporter.scrape("/metrics/database", 10)
        assert page.value("pg_up") == 1
        servers.wait_until(exporter.has_run_all_queries, 20, "background queries ran")
        assert exporter.scrape("/metrics/database", 10).value("pantrywatch_query_success", query="wal") == 1
