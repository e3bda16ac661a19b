"""What a server sends is bounded in size, whatever it is and whoever sends it: class protocol beyond."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_dsn import Dsn
from exporters.core.postgres_replies import LARGEST_REPLY_BYTES, ReplyTooLargeError
from exporters.core.settings import Secret
from exporters.database.connection import Connection
from tests.integration.database.conftest import Watch, prepare
from tests.support import servers

_MORE = 4 * 1024 * 1024  # what the kernel and libpq have taken beyond the limit when it is noticed
_HUGE_QUERIES = """
queries:
  - name: "huge"
    source: "huge_statements"
    search_path: ["public"]
    labels: {queryid: "queryid", query: "query"}
    metrics:
      - {name: "crm_huge_calls", type: "counter", value: "calls", help: "Calls of each statement."}
  - name: "wide"
    source: "(SELECT 1 AS calls, repeat('x', 15000000) AS query) AS one"
    labels: {query: "query"}
    interval_seconds: 1
    metrics:
      - {name: "crm_wide_calls", type: "counter", value: "calls", help: "Calls of one statement with a long text."}
  - name: "small"
    source: "(SELECT 1 AS one) AS one"
    metrics:
      - {name: "crm_small", type: "gauge", value: "one", help: "One."}
"""
_HUGE_VIEW = """
CREATE VIEW huge_statements AS
  SELECT n AS queryid, repeat('SELECT 1 ', 200) || n AS query, n AS calls FROM generate_series(1, 50000) AS n
"""


# The one that scrapes and samples use, by its last statement.
_BACKEND = """
SELECT pid FROM pg_stat_activity
WHERE application_name = 'pantrywatch' AND datname = 'postgres'
  AND (query LIKE '%(SELECT 1 AS one)%' OR query LIKE '%(coalesce(sessions, 0))%')
"""


@pytest.fixture(scope="module")
def reachable_by_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Postgres]:
    """A server with a view of 90 MB, reachable by TCP and by a Unix socket in the parent of its data."""
    directory = tmp_path_factory.mktemp("server")
    directory.chmod(0o777)
    options = {"shared_preload_libraries": "pg_stat_statements", "unix_socket_directories": str(directory)}
    with servers.postgres(directory, options=options) as server:
        prepare(server)
        server.execute(_HUGE_VIEW, "GRANT SELECT ON huge_statements TO pantrywatch")
        yield server


@pytest.mark.parametrize("link", [pytest.param("tcp", marks=pytest.mark.long), "unix"])
def test_a_query_with_too_large_a_result_costs_only_its_own_metrics(
    reachable_by_socket: servers.Postgres, watch: Watch, tmp_path: Path, link: str
) -> None:
    """On the scrape or in the background: class protocol for that query, the others go on, the memory comes back."""
    server = reachable_by_socket
    (tmp_path / "huge.yaml").write_text(_HUGE_QUERIES)
    host = f"?host={server.data.parent}" if link == "unix" else ""
    with watch(server.dsn(user="pantrywatch") + host, "    queries: [huge.yaml]\n") as running:
        servers.wait_until(
            lambda: running.scrape(timeout=10).error_classes() == {"huge": "protocol", "wide": "protocol"},
            20,
            "both fail",
        )
        page = running.scrape(timeout=10)
        assert page.value("pg_up") == 1
        assert page.value("crm_small") == 1
        assert page.value("crm_huge_calls") is None
        assert page.value("pantrywatch_query_success", query="wal") == 1
        assert running.process.memory_info().rss < 100 * 2**20
        # The query is left out for five minutes: no further connection is lost to it.
        backend = server.value(_BACKEND)
        assert [running.scrape(timeout=10).error_classes()["huge"] for _ in range(3)] == ["protocol"] * 3
        assert server.value(_BACKEND) == backend


@dataclass(slots=True)
class _Endless:
    """Logs anybody in, then answers everything with `part` again and again; `sent` counts bytes after the login."""

    part: bytes
    greeting: bytes
    port: int = 0
    sent: int = 0

    def serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client has had enough
            link = listener.accept()[0]
            with link:
                link.recv(10_000)
                link.sendall(self.greeting)
                if _READY in self.greeting:
                    link.recv(10_000)
                while True:
                    self.sent += link.send(self.part)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


_WELCOME = _message(b"R", struct.pack("!i", 0))
_READY = _message(b"Z", b"I")
_LOGIN = _WELCOME + _READY
_COLUMN = _message(b"T", b"\x00\x01one\x00" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0))
_ROW = _message(b"D", struct.pack("!hi", 1, 1000) + b"x" * 1000)
_NOTICE = _message(b"N", b"SNOTICE\x00Mx" + b"y" * 1000 + b"\x00\x00")
_NOTIFICATION = _message(b"A", struct.pack("!i", 1) + b"channel\x00" + b"y" * 1000 + b"\x00")
_PARAMETER = _message(b"S", b"a.b\x00" + b"y" * 1000 + b"\x00")
_GIANT = b"D" + struct.pack("!ihi", 1_000_000_010, 1, 1_000_000_000)


@contextlib.contextmanager
def _endless(part: bytes, greeting: bytes) -> Iterator[_Endless]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # What the kernel holds between the two is no more than this.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        server = _Endless(part, greeting, listener.getsockname()[1])
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize(
    ("greeting", "part"),
    [
        (_LOGIN + _COLUMN, _ROW * 50),
        (_LOGIN + _COLUMN + _GIANT, b"x" * 50_000),
        (_LOGIN, _NOTICE * 50),
        (_LOGIN, _NOTIFICATION * 50),
        (_LOGIN, _PARAMETER * 50),
        (_LOGIN, _message(b"C", b"SELECT 1\x00") * 5000),
        (_WELCOME, _PARAMETER * 50),
        (_WELCOME, _NOTICE * 50),
    ],
    ids=["rows", "one row", "notices", "notifications", "parameters", "results", "login", "notices at login"],
)
def test_an_endless_reply_is_cut(greeting: bytes, part: bytes) -> None:
    """However it goes on: class protocol as soon as it is more than the limit, long before the deadline."""
    with _endless(part, greeting) as server:
        dsn = Dsn(Secret(f"postgresql://u@127.0.0.1:{server.port}/x?sslmode=disable"), "dsn", "settings.yaml")
        deadline = Deadline.after(30)
        with pytest.raises(CollectError) as caught:
            _ask(dsn, deadline)
        assert not deadline.passed()
    assert caught.value.error_class is ErrorClass.PROTOCOL
    assert isinstance(caught.value, ReplyTooLargeError)
    assert LARGEST_REPLY_BYTES <= server.sent + len(greeting) <= LARGEST_REPLY_BYTES + _MORE


def _ask(dsn: Dsn, deadline: Deadline) -> None:
    with Connection(dsn, deadline) as connection:
        connection.select("SELECT 1", deadline, statement_seconds=1, lock_seconds=1)
