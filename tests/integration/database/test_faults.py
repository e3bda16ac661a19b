"""Whatever befalls the server: the page comes back in time, says that it is down, and why."""

from __future__ import annotations

import contextlib
import shutil
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_connect import connect
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from tests.support import servers
from tests.support.exporter import Exporter, Page, exporter

SLOW_QUERY = """
queries:
  - name: "slow"
    source: "pg_sleep(1)"
    metrics:
      - {name: "crm_slow", type: "gauge", value: "1", help: "One, after a second."}
"""


class _Peer(socketserver.ThreadingTCPServer):
    """A listener that answers every connection with `banner`, or only waits where there is none."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, banner: bytes) -> None:
        self.banner = banner
        self.hold = threading.Event()
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Peer)
        self.request.recv(10_000)
        if self.server.banner:
            self.request.sendall(self.server.banner)
        else:
            self.server.hold.wait(60)


@contextlib.contextmanager
def _peer(banner: bytes) -> Iterator[int]:
    with _Peer(banner) as peer:
        threading.Thread(target=peer.serve_forever, daemon=True).start()
        yield peer.server_address[1]
        peer.hold.set()
        peer.shutdown()


@contextlib.contextmanager
def _tls_only(directory: Path) -> Iterator[servers.Postgres]:
    """A server that lets the role in over TLS alone."""
    directory.mkdir()
    certificate, key = directory / "server.crt", directory / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    with servers.postgres(directory) as server:
        for file in (certificate, key):
            target = server.data / file.name
            shutil.copyfile(file, target)
            target.chmod(0o600)
            shutil.chown(target, *(_owner(server.data)))
        rules = (server.data / "pg_hba.conf").read_text()
        (server.data / "pg_hba.conf").write_text(
            f"hostssl all {ROLE} all scram-sha-256\nhost all {ROLE} all reject\n{rules}"
        )
        server.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{servers.PASSWORD}'", "GRANT pg_monitor TO " + ROLE)
        server.execute("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
        servers.wait_until(lambda: _speaks_tls(server), 10, "the server speaks TLS")
        yield server


ROLE = "pantrywatch"


def _owner(path: Path) -> tuple[str, str]:
    return path.owner(), path.group()


def _speaks_tls(server: servers.Postgres) -> bool:
    try:
        psycopg.connect(server.dsn() + "?sslmode=require", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class World:
    """The servers and the one exporter that watches them all."""

    exporter: Exporter
    main: servers.Postgres
    full: servers.Postgres

    def scrape(self, target: str, timeout: float = 3.0) -> Page:
        """Return the page of one target."""
        return self.exporter.scrape(f"/metrics/database?target={target}", timeout)

    def file_descriptors(self) -> int:
        """Return how many the exporter has open."""
        return int(self.exporter.process.num_fds())


def _sessions(server: servers.Postgres) -> int:
    found = server.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pantrywatch'")
    assert isinstance(found, int)
    return found


@pytest.fixture(scope="module")
def world(
    server: servers.Postgres, tmp_path_factory: pytest.TempPathFactory, prepared: Callable[[servers.Postgres], None]
) -> Iterator[World]:
    """Every kind of server, and an exporter with a target for each."""
    directory = tmp_path_factory.mktemp("world")
    few = {
        "max_connections": "10",
        "superuser_reserved_connections": "3",
        "shared_preload_libraries": "pg_stat_statements",
    }
    with (
        servers.postgres(directory / "full", options=few) as full,
        _tls_only(directory / "tls") as tls,
        _peer(b"") as silent,
        _peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as http,
    ):
        prepared(full)
        dsns = {
            "main": server.dsn(user=ROLE),
            "slow": server.dsn(user=ROLE),
            "kept": full.dsn(user=ROLE),
            "late": full.dsn(user=ROLE),
            "stopped": f"postgresql://{ROLE}@127.0.0.1:{servers.free_port()}/postgres",
            "wrong-password": server.dsn(user=ROLE, password="wrong"),
            "no-password": f"postgresql://{ROLE}@127.0.0.1:{server.port}/postgres",
            "unknown-role": server.dsn(user="nobody"),
            "unknown-database": server.dsn("nowhere", user=ROLE),
            "unknown-host": f"postgresql://{ROLE}@no-such-host.invalid/postgres",
            "silent": f"postgresql://{ROLE}@127.0.0.1:{silent}/postgres",
            "http": f"postgresql://{ROLE}@127.0.0.1:{http}/postgres?sslmode=disable",
            "tls": tls.dsn(user=ROLE) + "?sslmode=require",
            "tls-unknown-authority": tls.dsn(user=ROLE) + "?sslmode=verify-full",
            "tls-against-plain": server.dsn(user=ROLE) + "?sslmode=require",
            "plain-against-tls": tls.dsn(user=ROLE) + "?sslmode=disable",
        }
        lines = ["environment: test", "database:"]
        for name, dsn in dsns.items():
            (directory / f"{name}.dsn").write_text(dsn)
            lines += [f"  - name: {name}", f"    dsn_file: {name}.dsn"]
            lines += ["    queries: [slow.yaml]"] if name == "slow" else []
        (directory / "slow.yaml").write_text(SLOW_QUERY)
        with exporter(directory, "\n".join(lines) + "\n", ["database"]) as running:
            yield World(running, server, full)


@pytest.mark.parametrize(
    ("target", "error_class"),
    [
        ("stopped", "refused"),
        ("wrong-password", "auth"),
        ("no-password", "auth"),
        ("unknown-role", "auth"),
        ("unknown-database", "auth"),
        ("unknown-host", "dns"),
        ("silent", "timeout"),
        ("http", "protocol"),
        ("tls-unknown-authority", "tls"),
        ("tls-against-plain", "tls"),
        ("plain-against-tls", "tls"),
    ],
)
def test_a_server_that_cannot_be_reached_is_down_with_its_own_class(
    world: World, target: str, error_class: str
) -> None:
    """pg_up is 0, and the connection's class says why."""
    page = world.scrape(target)
    assert page.value("pg_up") == 0
    assert page.error_classes() == {"connection": error_class}
    assert page.value("pg_exporter_last_scrape_error") == 1


@pytest.mark.parametrize(
    ("rules", "sslmode", "error_class"),
    [
        # Nothing but encryption is missing.
        ("hostssl all refused all scram-sha-256\nhost all refused all reject", "disable", ErrorClass.TLS),
        ("hostssl all refused all scram-sha-256", "disable", ErrorClass.TLS),
        # Encrypted or not, a rule refuses, or none fits.
        ("host all refused all reject", "disable", ErrorClass.AUTH),
        ("host all refused all reject", "prefer", ErrorClass.AUTH),
        ("hostnossl all refused 192.0.2.1/32 trust", "disable", ErrorClass.AUTH),
        ("hostnossl all refused 192.0.2.1/32 trust", "prefer", ErrorClass.AUTH),
        ("hostnossl all refused all scram-sha-256\nhost all refused all reject", "require", ErrorClass.AUTH),
    ],
)
@pytest.mark.parametrize("has_tls", [True, False])
def test_a_refusal_of_pg_hba_conf_is_tls_only_where_tls_is_what_is_missing(
    refusing: dict[bool, servers.Postgres], *, has_tls: bool, rules: str, sslmode: str, error_class: ErrorClass
) -> None:
    """The words "no encryption" are no reason by themselves: a server without TLS never misses it."""
    server = refusing[has_tls]
    (server.data / "pg_hba.conf").write_text(f"{rules}\nhost all postgres all scram-sha-256\n")
    server.execute("SELECT pg_reload_conf()")
    expected = error_class if has_tls else ErrorClass.TLS if sslmode == "require" else ErrorClass.AUTH
    dsn = Dsn(Secret(server.dsn(user="refused") + f"?sslmode={sslmode}"), "dsn", "settings.yaml")

    def found() -> ErrorClass | None:
        try:
            connect(dsn, Deadline.after(5)).finish()
        except CollectError as error:
            return error.error_class
        return None

    servers.wait_until(lambda: found() is expected, 5, f"the class is {expected}")


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, servers.Postgres]]:
    """A server with TLS and one without, each with a role `refused`."""
    directory = tmp_path_factory.mktemp("refusing")
    with _tls_only(directory / "tls") as tls, servers.postgres(directory / "plain") as plain:
        for server in (tls, plain):
            server.execute(f"CREATE ROLE refused LOGIN PASSWORD '{servers.PASSWORD}'")
        yield {True: tls, False: plain}


def test_targets_are_told_apart(world: World) -> None:
    """Two servers in one process answer each under its own name, over TLS too, and an unknown one is no page."""
    names = {
        target: dict(world.scrape(target).samples("pg_stat_archiver_archived_count")[0][0])
        for target in ("main", "kept")
    }
    assert names["main"] == {"server": f"127.0.0.1:{world.main.port}"}
    assert names["kept"] == {"server": f"127.0.0.1:{world.full.port}"}
    assert world.scrape("tls").value("pg_up") == 1


def test_a_frozen_server_is_down_in_time_and_leaves_nothing_behind(world: World) -> None:
    """Every scrape is answered in time with pg_up 0 and the class timeout; afterwards all is as before."""
    assert world.scrape("main").value("pg_up") == 1
    descriptors, sessions = world.file_descriptors(), _sessions(world.main)
    world.main.freeze()
    try:
        for timeout in (3.0, 1.0):
            page = world.scrape("main", timeout)
            assert page.value("pg_up") == 0
            assert "timeout" in page.error_classes().values()
        with ThreadPoolExecutor(50) as pool:
            pages = list(pool.map(lambda _: world.scrape("main"), range(50)))
        assert {page.value("pg_up") for page in pages} == {0}
    finally:
        world.main.thaw()
    servers.wait_until(lambda: world.scrape("main").value("pg_up") == 1, 10, "the server is up again")
    servers.wait_until(lambda: world.file_descriptors() <= descriptors, 15, "no file descriptor is left behind")
    servers.wait_until(lambda: _sessions(world.main) <= sessions, 15, "no session is left behind")


def test_a_server_frozen_during_the_scrape_is_down_in_time(world: World) -> None:
    """What was measured before it froze is on the page, with pg_up 0."""
    assert world.scrape("slow", 5.0).value("crm_slow") == 1
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(world.scrape, "slow", 5.0)
        servers.wait_until(lambda: _sleeping(world.main), 5, "the query runs")
        world.main.freeze()
        try:
            page = answer.result(10)
        finally:
            world.main.thaw()
    assert page.value("pg_up") == 0
    assert page.error_classes()["slow"] == "timeout"
    assert page.value("pg_stat_archiver_archived_count") is not None
    servers.wait_until(lambda: world.scrape("slow", 5.0).value("pg_up") == 1, 10, "the server is up again")


def _sleeping(server: servers.Postgres) -> bool:
    return server.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 1


def test_overlapping_scrapes_share_a_run(world: World) -> None:
    """50 scrapes at once are all answered, by a few runs and no more connections than one scrape needs."""
    before, sessions = world.scrape("slow", 5.0), _sessions(world.main)
    with ThreadPoolExecutor(50) as pool:
        pages = list(pool.map(lambda _: world.scrape("slow", 5.0), range(50)))
        assert _sessions(world.main) <= sessions
    assert {page.value("pg_up") for page in pages} == {1}
    runs = max(_runs(page) for page in pages) - _runs(before)
    assert runs <= 3


def _runs(page: Page) -> float:
    value = page.value("pg_exporter_scrapes_total")
    assert value is not None
    return value


def test_a_kept_connection_survives_when_all_others_are_used(world: World) -> None:
    """With every slot taken the exporter still measures; a new exporter is told `exhausted`."""
    servers.wait_until(lambda: world.scrape("kept").value("pg_up") == 1, 5, "connected")
    servers.wait_until(
        lambda: world.scrape("kept").value("pantrywatch_query_success", query="wal") == 1, 15, "background connected"
    )
    world.full.execute("ALTER ROLE pantrywatch CONNECTION LIMIT -1")
    with contextlib.ExitStack() as stack:
        _take_all_slots(world.full, stack)
        page = world.scrape("kept")
        assert page.value("pg_up") == 1
        limit, used = (page.value(f"pantrywatch_database_connections_{name}") for name in ("limit", "used"))
        assert limit == 7
        assert used is not None
        assert used >= limit
        world.full.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pantrywatch'"
        )
        _take_all_slots(world.full, stack)
        page = world.scrape("late")
        assert page.value("pg_up") == 0
        assert page.error_classes() == {"connection": "exhausted"}
    servers.wait_until(lambda: world.scrape("late").value("pg_up") == 1, 10, "there is room again")


def _take_all_slots(server: servers.Postgres, stack: contextlib.ExitStack) -> None:
    dsn, deadline = server.dsn(user=ROLE), time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            stack.enter_context(contextlib.closing(psycopg.connect(dsn, connect_timeout=2)))
        except psycopg.OperationalError:
            return
    raise AssertionError("slots without end")


def test_a_connection_the_server_ended_is_made_anew_in_the_same_scrape(world: World) -> None:
    """An operator or an idle timeout ends the kept-open connection: the next scrape is whole."""
    assert world.scrape("main").value("pg_up") == 1
    world.main.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pantrywatch'")
    page = world.scrape("main")
    assert page.value("pg_up") == 1
    assert "connection" not in page.error_classes()


def test_a_locked_catalog_costs_only_the_collectors_that_read_it(world: World) -> None:
    """While pg_database is locked they fail with `timeout`; the others give their values, and the server is up."""
    # Not all of them: what failed in an earlier test may run again in five minutes.
    reading = {"locks", "stat_activity"}
    servers.wait_until(lambda: not reading & world.scrape("main").error_classes().keys(), 60, "they work")
    with psycopg.connect(world.main.dsn(), connect_timeout=5) as connection:
        connection.execute("LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE")
        page = world.scrape("main")
        connection.rollback()
    assert page.value("pg_up") == 1
    failing = {name: found for name, found in page.error_classes().items() if name in reading}
    assert failing == {"locks": "timeout", "stat_activity": "timeout"}
    assert page.value("pg_stat_bgwriter_buffers_alloc_total") is not None
    assert page.value("pantrywatch_database_lock_waiters") is not None
    servers.wait_until(lambda: not reading & world.scrape("main").error_classes().keys(), 60, "they work again")


def test_no_address_password_or_error_text_reaches_the_log(world: World) -> None:
    """The log names source, collector and class, nothing the server or the DSN said."""
    text = world.exporter.log.read_text()
    assert "target=wrong-password collector=connection state=auth" in text
    for secret in (servers.PASSWORD, "s3cr3t", "FATAL", "pg_hba", "postgresql://", "127.0.0.1:" + str(world.main.port)):
        assert secret not in text


def test_a_host_name_with_its_final_dot_is_verified_without_it(tmp_path: Path) -> None:
    """The dot that keeps search domains out is in no certificate: one for localhost is good for `localhost.` too."""
    with _tls_only(tmp_path / "tls") as server:
        trust = f"sslmode=verify-full sslrootcert={tmp_path / 'tls' / 'server.crt'}"
        for host in ("localhost.", "localhost"):
            address = f"host={host} hostaddr=127.0.0.1 port={server.port} user=postgres dbname=postgres"
            text = f"{address} password='{servers.PASSWORD}' {trust}"
            pgconn = connect(Dsn(Secret(text), "dsn", "settings.yaml"), Deadline.after(10))
            assert pgconn.ssl_in_use
            pgconn.finish()
