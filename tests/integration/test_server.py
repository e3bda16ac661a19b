"""The HTTP side of the exporters, as a scraper, an orchestrator and a person meet it."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import psutil
import pytest
import requests

from tests.support import servers
from tests.support.exporter import Exporter, exporter, page


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, redis_server: servers.Redis, postgres: servers.Postgres
) -> Iterator[Exporter]:
    """All exporters in one process; the second cache target does not exist."""
    directory = tmp_path_factory.mktemp("server")
    (directory / "dsn").write_text(postgres.dsn())
    (directory / "url").write_text(redis_server.url)
    settings = (
        "environment: test\n"
        "database: [{name: one, dsn_file: dsn}]\n"
        f'cache: [{{name: one, url_file: url}}, {{name: away, url: "redis://127.0.0.1:{servers.free_port()}"}}]\n'
        "host: {name: here}\n"
        "synthetic:\n"
        f"  checks: [{{name: redis-port, kind: tcp, address: '127.0.0.1:{redis_server.port}', interval_seconds: 1,\n"
        "             timeout_seconds: 0.5}]\n"
    )
    with exporter(directory, settings, []) as process:
        yield process


def _get(running: Exporter, path: str, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{running.port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_one_page_holds_all_exporters_and_each_has_its_own(running: Exporter) -> None:
    """/metrics has every exporter's families once, /metrics/EXPORTER only its own, /metrics/self the process."""
    everything = running.scrape("/metrics")
    names = {
        "database": "pg_up",
        "cache": "redis_up",
        "host": "node_load1",
        "synthetic": "pantrywatch_check_runs_total",
    }
    for name in (*names.values(), "process_resident_memory_bytes"):
        assert everything.samples(name), name
    types = [line for line in everything.text.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    for own, sample in names.items():
        alone = running.scrape(f"/metrics/{own}")
        assert [name for name in names.values() if alone.samples(name)] == [sample]
    assert running.scrape("/metrics/self").samples("pantrywatch_exporter_build_info")


def test_a_target_is_a_name_from_the_settings(running: Exporter) -> None:
    """?target= takes a configured name; an address, an unknown name or two of them are refused without a connection."""
    assert running.scrape("/metrics/cache?target=one").value("redis_up") == 1
    assert running.scrape("/metrics/cache?target=away").value("redis_up") == 0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        port = listener.getsockname()[1]
        for asked in (f"127.0.0.1:{port}", f"redis://127.0.0.1:{port}", "nobody", "one&target=away"):
            status, text = _get(running, f"/metrics/cache?target={asked}")
            assert (status, text) == (404, "unknown target; a target is a name from the settings: one, away\n")
        with pytest.raises(TimeoutError):
            listener.accept()
    assert _get(running, "/metrics?target=one")[0] == 404
    assert _get(running, "/metrics/nothing")[0] == 404


def test_health_and_readiness_are_two_things(running: Exporter) -> None:
    """/healthz is about the process; /readyz names what cannot be reached, with its class and no address."""
    assert _get(running, "/healthz") == (200, "ok\n")
    status, text = _get(running, "/readyz")
    assert status == 503
    assert '"cache/away": "refused"' in text
    assert '"cache/one": "up"' in text
    assert "127.0.0.1" not in text


def test_the_landing_page_links_and_shows_states(running: Exporter) -> None:
    """/ links to every page and shows the state of each collector as of the last scrape."""
    running.scrape("/metrics/database")
    status, text = _get(running, "/")
    assert status == 200
    for link in ("/metrics", "/metrics/database", "/metrics/synthetic", "/healthz", "/readyz"):
        assert f'href="{link}"' in text
    assert "<td>database/one</td><td>stat_database</td><td>ok</td>" in text


def test_a_name_that_is_not_of_this_machine_is_refused(running: Exporter) -> None:
    """On loopback a page that made itself our name by DNS reads nothing."""
    for path in ("/", "/metrics", "/readyz"):
        url = f"http://127.0.0.1:{running.port}{path}"
        assert requests.get(url, headers={"Host": "elsewhere.example"}, timeout=10).status_code == 421


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/metrics", 405), ("HEAD", "/metrics", 200), ("GET", "/../etc/passwd", 404)]
)
def test_other_requests_have_their_answers(running: Exporter, method: str, path: str, status: int) -> None:
    """Only GET and HEAD are answered, and nothing but the pages there are."""
    assert _get(running, path, method)[0] == status


@pytest.mark.parametrize("value", [b"nonsense", b"-1", b"nan", b"inf", b"1e9", b""])
def test_a_strange_timeout_header_is_survived(running: Exporter, value: bytes) -> None:
    """A timeout header that is no sensible number is as good as none."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=15) as connection:
        head = b"GET /metrics/cache HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        connection.sendall(head + b"X-Prometheus-Scrape-Timeout-Seconds: " + value + b"\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert page(answer.split(b"\r\n\r\n", 1)[1].decode()).value("redis_up") == 1


def test_connections_are_bounded_and_come_back(running: Exporter) -> None:
    """Clients that connect and say nothing are held up to a limit, then refused; when they go, all is as before."""
    process = psutil.Process(running.process.pid)
    running.scrape("/metrics")
    before = process.num_fds()
    idle = [socket.create_connection(("127.0.0.1", running.port), timeout=5) for _ in range(200)]
    try:
        servers.wait_until(lambda: process.num_fds() > before + 100, 10, "the idle connections are there")
        assert _get(running, "/healthz")[0] == 503
    finally:
        for connection in idle:
            connection.close()
    servers.wait_until(lambda: _get(running, "/healthz")[0] == 200, 10, "it answers again")
    servers.wait_until(lambda: process.num_fds() <= before + 2, 10, "the connections are gone")
