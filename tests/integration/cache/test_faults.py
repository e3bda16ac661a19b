"""Whatever befalls the server: the page comes back in time, says that it is down, and why."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from exporters.cache.session import Session
from exporters.core.deadline import Deadline
from exporters.core.redis_client import Connection, RedisAddress, with_tls
from exporters.core.redis_errors import ServerError
from exporters.core.settings import Secret
from tests.support import servers
from tests.support.exporter import ROOT, Exporter, Page, exporter
from tests.support.redis_peer import bulk, healthy, redis_peer

USERS = {
    "no-info": "on >pw resetchannels -@all +ping +config|get",
    "info-only": "on >pw resetchannels -@all +ping +info",
}


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
        thread = threading.Thread(target=peer.serve_forever, daemon=True)
        thread.start()
        yield peer.server_address[1]
        peer.hold.set()
        peer.shutdown()


def _certificate(directory: Path) -> tuple[Path, Path]:
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    return certificate, key


@dataclass(frozen=True, slots=True)
class World:
    """The servers and the one exporter that watches them all."""

    exporter: Exporter
    plain: servers.Redis
    second: servers.Redis

    def scrape(self, target: str, timeout: float = 3.0) -> Page:
        """Return the page of one target."""
        return self.exporter.scrape(f"/metrics/cache?target={target}", timeout)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Every kind of server, and an exporter with a target for each."""
    directory = tmp_path_factory.mktemp("world")
    certificate, key = _certificate(directory)
    tls_port, mutual_port = servers.free_port(), servers.free_port()
    tls_files = (
        "--tls-cert-file",
        str(certificate),
        "--tls-key-file",
        str(key),
        "--tls-ca-cert-file",
        str(certificate),
    )
    tls_options = ("--tls-port", str(tls_port), "--tls-auth-clients", "no", *tls_files)
    mutual_options = ("--tls-port", str(mutual_port), "--tls-auth-clients", "yes", *tls_files)
    with (
        servers.redis_server(directory / "plain", *tls_options) as plain,
        servers.redis_server(directory / "second", *mutual_options) as second,
        servers.redis_server(directory / "full", "--maxclients", "2") as full,
        _peer(b"") as silent,
        _peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as http,
        full.client() as first_client,
        full.client() as last_client,
        plain.client() as client,
    ):
        first_client.ping()
        last_client.ping()
        for user, rules in USERS.items():
            client.execute_command("ACL", "SETUSER", user, "reset", *rules.split())
        at, password = f"127.0.0.1:{plain.port}", servers.PASSWORD.replace("@", "%40").replace("/", "%2F")
        urls = {
            "main": plain.url,
            "second": second.url,
            "stopped": f"redis://127.0.0.1:{servers.free_port()}",
            "wrong-password": f"redis://:wrong@{at}",
            "unknown-user": f"redis://nobody:wrong@{at}",
            "no-password": f"redis://{at}",
            "no-info": f"redis://no-info:pw@{at}",
            "info-only": f"redis://info-only:pw@{at}",
            "tls": f"rediss://:{password}@localhost:{tls_port}",
            "tls-unknown-authority": f"rediss://:{password}@localhost:{tls_port}",
            "tls-certificate": f"rediss://:{password}@localhost:{mutual_port}",
            "tls-no-certificate": f"rediss://:{password}@localhost:{mutual_port}",
            "tls-against-plain": f"rediss://{at}",
            "plain-against-tls": f"redis://:{password}@127.0.0.1:{tls_port}",
            "unknown-host": "redis://no-such-host.invalid:6379",
            "silent": f"redis://127.0.0.1:{silent}",
            "silent-tls": f"rediss://127.0.0.1:{silent}",
            "http": f"redis://127.0.0.1:{http}",
            "full": full.url,
        }
        lines = ["environment: test", "cache:"]
        for name, url in urls.items():
            (directory / f"{name}.url").write_text(url)
            lines += [f"  - name: {name}", f"    url_file: {name}.url"]
            lines += [f'    ca_file: "{certificate}"'] if name.startswith("tls") and "unknown" not in name else []
            lines += [f'    certificate_file: "{certificate}"', f'    key_file: "{key}"'] * (name == "tls-certificate")
        with exporter(directory, "\n".join(lines) + "\n", ["cache"]) as running:
            yield World(running, plain, second)


@pytest.mark.parametrize(
    ("target", "error_class"),
    [
        ("stopped", "refused"),
        ("wrong-password", "auth"),
        ("unknown-user", "auth"),
        ("no-password", "auth"),
        ("tls-unknown-authority", "tls"),
        ("tls-no-certificate", "tls"),
        ("tls-against-plain", "tls"),
        ("plain-against-tls", "tls"),
        ("unknown-host", "dns"),
        ("silent", "timeout"),
        ("silent-tls", "timeout"),
        ("http", "protocol"),
        ("full", "exhausted"),
    ],
)
def test_a_server_that_cannot_be_asked_is_down_with_its_own_reason(world: World, target: str, error_class: str) -> None:
    """The page comes back in time with redis_up 0 and the one class that fits, in our metric and redis_exporter's."""
    page = world.scrape(target)
    assert page.value("redis_up") == 0
    assert page.error_classes() == {"connection": error_class}
    # A page that is cut off by its deadline does not have it.
    servers.wait_until(
        lambda: world.scrape(target).value("redis_exporter_last_scrape_error", err=error_class) == 1, 60, "theirs"
    )
    assert page.value("redis_keyspace_hits_total") is None


@pytest.mark.parametrize("target", ["main", "tls", "tls-certificate", "second"])
def test_a_healthy_server_is_up_without_errors(world: World, target: str) -> None:
    """With TLS and without, the page says up and every collector succeeds."""
    page = world.scrape(target)
    assert page.value("redis_up") == 1
    assert page.error_classes() == {}
    assert page.value("redis_exporter_last_scrape_error", err="") == 0


def test_a_host_name_may_end_in_a_dot(world: World) -> None:
    """The dot that keeps search domains out is in no certificate: one for localhost is good for `localhost.` too."""
    directory = Path(world.exporter.log).parent
    port = urlsplit((directory / "tls.url").read_text()).port
    assert port is not None
    context = ssl.create_default_context(cafile=directory / "certificate.pem")
    address = RedisAddress("localhost.", port, tls=context)
    with with_tls(socket.create_connection(("127.0.0.1", port)), address, Deadline.after(5)) as sock:
        (answer,) = Connection(sock).ask([("PING",)], Deadline.after(5))
        assert isinstance(answer, ServerError)
        assert answer.code == "NOAUTH"


def test_each_target_shows_its_own_server(world: World) -> None:
    """Two servers in the settings are two pages."""
    for target, server in (("main", world.plain), ("second", world.second)):
        page = world.scrape(target)
        assert page.value("redis_process_id") == server.process.pid


def test_a_login_without_info_is_a_missing_permission(world: World) -> None:
    """NOPERM to INFO is redis_up 0, as with redis_exporter, and class permission; what is allowed stays."""
    page = world.scrape("no-info")
    assert page.value("redis_up") == 0
    assert page.error_classes() == {"info": "permission"}
    assert page.value("redis_exporter_last_scrape_error", err="permission") == 1
    assert page.value("redis_config_maxclients") == 10000
    assert page.value("pantrywatch_privilege_granted", privilege="info") == 0
    assert page.value("pantrywatch_privilege_granted", privilege="config") == 1


def test_a_refused_command_costs_its_own_metrics_only(world: World) -> None:
    """With INFO alone nothing fails for ever: limits come from INFO, what else is lost is missing, not 0, and said."""
    page = world.scrape("info-only")
    assert page.value("redis_up") == 1
    assert page.error_classes() == {}
    assert page.value("redis_connected_clients") is not None
    assert page.value("redis_config_maxclients") == 10000
    assert page.value("redis_config_maxmemory") == 0
    assert page.value("redis_slowlog_length") is None
    assert page.value("redis_db_keys", db="db1") is None
    assert [value for _, value in page.samples("pantrywatch_privilege_granted")] == [1, 0, 0, 0]
    errors = [world.scrape("info-only").value("redis_errors_total", err="NOPERM") for _ in range(2)]
    assert errors[0] == errors[1], "what is refused is not asked again at each scrape"


def test_the_login_in_provisioning_suffices(world: World, tmp_path: Path) -> None:
    """The ACL file serves every collector once its zeros are replaced, and lets nobody in before; it reads no key."""
    words = (ROOT / "provisioning/cache/pantrywatch.acl").read_text().split()
    assert f"#{'0' * 64}" in words
    rules = [">pw" if word.startswith("#") else word for word in words[2:]]
    with world.plain.client() as client:
        client.execute_command("ACL", "SETUSER", "pantrywatch", "reset", *rules)
        assert b"NOPERM" in _refusal(world.plain.port, "pantrywatch", "pw", "GET a")
    (tmp_path / "url").write_text(f"redis://pantrywatch:pw@127.0.0.1:{world.plain.port}")
    with exporter(tmp_path, "environment: test\ncache:\n  - name: main\n    url_file: url\n", ["cache"]) as running:
        page = running.scrape("/metrics/cache")
        assert page.error_classes() == {}
        assert {value for _, value in page.samples("pantrywatch_privilege_granted")} == {1}


def _refusal(port: int, user: str, password: str, command: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(f"AUTH {user} {password}\r\n{command}\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2:
            answer += client.recv(1000)
        return answer


def test_no_password_leaves_the_exporter(world: World) -> None:
    """Neither the pages nor the log hold a password, a URL or the server's words."""
    for target in ("main", "wrong-password", "no-info", "http"):
        assert not _secrets(world.scrape(target).text)
    assert not _secrets(world.exporter.log.read_text())


def _secrets(text: str) -> list[str]:
    return [word for word in (servers.PASSWORD, "s3cr3t", "redis://", "Bad Request") if word in text]


def test_a_failure_that_lasts_is_logged_once(tmp_path: Path) -> None:
    """Scrape after scrape of a server whose answers are nonsense adds nothing to the log after the first."""
    answers = {
        b"INFO": bulk("# Server\r\nuptime_in_seconds:" + "9" * 400 + "\r\n"),
        b"LATENCY": b"*1\r\n" * 1000 + b":1\r\n",
    }
    with redis_peer(lambda command: answers.get(command[0]) or healthy(command)) as (port, _):
        (tmp_path / "url").write_text(f"redis://127.0.0.1:{port}")
        with exporter(tmp_path, "environment: test\ncache:\n  - name: main\n    url_file: url\n", ["cache"]) as running:
            pages = [running.scrape("/metrics/cache") for _ in range(4)]
            lines = [line for line in running.log.read_text().splitlines() if "protocol" in line]
    assert [page.error_classes() for page in pages] == [{"info": "protocol", "latency": "protocol"}] * 4
    assert len(lines) == 2, lines


def test_a_frozen_server_is_down_in_time_and_nothing_leaks(world: World) -> None:
    """Frozen by SIGSTOP, 50 overlapping scrapes are all answered in time as timeout; afterwards all is as before."""
    target, server = "second", world.second
    world.scrape(target)
    descriptors, threads = world.exporter.process.num_fds(), world.exporter.process.num_threads()
    with server.client() as client:
        connections = client.info("clients")["connected_clients"]
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(50) as pool:
            pages = list(pool.map(lambda _: world.scrape(target), range(50)))
        for page in pages:
            assert page.value("redis_up") == 0
            assert page.error_classes() == {"connection": "timeout"}
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert world.exporter.process.num_threads() < threads + 20
    servers.wait_until(lambda: world.scrape(target).value("redis_up") == 1, 10, "up again")
    with server.client() as client:
        client.set("written-after-the-thaw", "1")
        # No reply to a question of before the timeout is taken for the answer to this one.
        assert world.scrape(target).value("redis_db_keys", db="db0") == client.dbsize()
    servers.wait_until(lambda: world.exporter.process.num_fds() <= descriptors, 10, "descriptors are back")

    def back() -> bool:
        with server.client() as client:
            return bool(client.info("clients")["connected_clients"] <= connections)

    servers.wait_until(back, 10, "server connections are back")


@pytest.mark.parametrize("target", ["main", "tls"])
def test_a_kept_connection_that_the_server_closed_is_replaced(world: World, target: str) -> None:
    """The scrape that finds the connection dead, after a restart say, connects anew and is up."""
    assert world.scrape(target).value("redis_up") == 1
    with world.plain.client() as client:
        killed = client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert killed >= 1
    page = world.scrape(target)
    assert page.value("redis_up") == 1
    assert page.error_classes() == {}


def test_scrapes_keep_one_connection(world: World) -> None:
    """Ten scrapes open no new connection to the server."""
    world.scrape("main")
    before = world.scrape("main").value("redis_connections_received_total")
    for _ in range(10):
        world.scrape("main")
    assert world.scrape("main").value("redis_connections_received_total") == before


REMOVED = ("CONFIG", "SLOWLOG", "LATENCY", "CLIENT", "COMMAND")


@pytest.mark.parametrize("removed", [*REMOVED, "all of them"])
def test_a_command_that_a_service_removed_is_no_failure(tmp_path: Path, removed: str) -> None:
    """Renamed away, as hosts do, a command costs what it alone says; the rest is there, up, and fails at nothing."""
    names = REMOVED if removed == "all of them" else (removed,)
    options = [word for name in names for word in ("--rename-command", name, "")]
    settings = "environment: test\ncache:\n  - name: main\n    url_file: url\n"
    with servers.redis_server(tmp_path / "redis", *options) as server:
        (tmp_path / "url").write_text(server.url)
        with exporter(tmp_path, settings, ["cache"]) as running:
            pages = [running.scrape("/metrics/cache") for _ in range(3)]
    for page in pages:
        assert page.value("redis_up") == 1
        assert page.error_classes() == {}
        assert page.value("redis_exporter_last_scrape_error", err="") == 0
        assert page.value("redis_config_maxclients") == 10000
        assert page.value("redis_config_maxmemory") == 0
        assert page.value("redis_slowlog_length") == (None if "SLOWLOG" in names else 0)
        assert page.value("redis_db_keys", db="db1") == (None if "CONFIG" in names else 0)
        assert bool(page.samples("redis_commands_latencies_usec_count")) == ("LATENCY" not in names)
        granted = {labels["privilege"]: value for labels, value in page.samples("pantrywatch_privilege_granted")}
        assert granted == dict.fromkeys({"info", "config", "slowlog", "latency"} - {name.lower() for name in names}, 1)
    errors = [page.value("redis_errors_total", err="ERR") for page in pages]
    assert errors[1] == errors[2], "the command that is not there is not sent again"


def test_a_privilege_granted_later_is_noticed(redis_server: servers.Redis) -> None:
    """A command that the login may not use is tried again after a minute; one the server lacks is not."""
    now = 0.0
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "later", "reset", "on", ">pw", "+ping", "+info")
        address = RedisAddress("127.0.0.1", redis_server.port, "later", Secret("pw"))
        session = Session(address, Deadline.after(5), clock=lambda: now)
        try:
            for _ in range(2):
                assert isinstance(session.ask(Deadline.after(5))["slowlog"][0], ServerError)
                client.execute_command("ACL", "SETUSER", "later", "+slowlog|len")
            now = 61.0
            assert session.ask(Deadline.after(5))["slowlog"][0] == 0
        finally:
            session.close()
            client.execute_command("ACL", "DELUSER", "later")
