"""The HTTP side of the exporters, as a scraper, an orchestrator and a person meet it."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from tests.support import servers
from tests.support.exporter import Exporter, exporter, page
from tests.support.peers import accept


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
    ("method", "path", "status"),
    [
        ("POST", "/metrics", 405),
        ("HEAD", "/metrics", 200),
        ("GET", "/favicon.ico", 200),
        ("GET", "/../etc/passwd", 404),
    ],
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


def test_connections_that_say_nothing_do_not_close_the_port(running: Exporter) -> None:
    """Hundreds of clients that connect and say nothing: scrapes are answered, and afterwards all is as before."""
    process = psutil.Process(running.process.pid)
    running.scrape("/metrics")
    before = process.num_fds()
    idle = [socket.create_connection(("127.0.0.1", running.port), timeout=5) for _ in range(700)]
    try:
        servers.wait_until(lambda: process.num_fds() > before + 100, 10, "the idle connections are there")
        assert _get(running, "/healthz")[0] == 200
        assert running.scrape("/metrics").value("redis_up") == 1
        assert process.num_fds() < before + 600
    finally:
        for connection in idle:
            connection.close()
    servers.wait_until(lambda: process.num_fds() <= before + 2, 10, "the connections are gone")


class _FarAway:
    """A Redis behind a link on which each answer takes `delay_seconds`."""

    def __init__(self, port: int, delay_seconds: float) -> None:
        self._server, self._delay = port, delay_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=accept, args=(self._listener, self._carry), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        client.settimeout(60)
        with socket.create_connection(("127.0.0.1", self._server)) as server:
            threading.Thread(target=self._bring_back, args=(server, client), daemon=True).start()
            while question := client.recv(65536):
                server.sendall(question)

    def _bring_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):  # either side has closed
            while server.recv(1, socket.MSG_PEEK):
                time.sleep(self._delay)
                client.sendall(server.recv(1_000_000))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def test_an_impatient_scraper_does_not_spoil_the_pages_of_another(tmp_path: Path, redis_server: servers.Redis) -> None:
    """Beside one that asks every 0.7 s and waits 1 s, one with 10 s and one with 3 s get the whole page each time."""
    far = _FarAway(redis_server.port, 0.7)
    (tmp_path / "url").write_text(redis_server.url.replace(str(redis_server.port), str(far.port)))
    settings = "environment: test\ncache: [{name: far, url_file: url}]\n"
    stop = threading.Event()
    with exporter(tmp_path, settings, ["cache"]) as process, ThreadPoolExecutor(3) as pool:
        hasty = pool.submit(_ask_again_and_again, process, stop)
        patient = [pool.submit(_up, process, 10.0, 4), pool.submit(_up, process, 3.0, 4)]
        found = [future.result(60) for future in patient]
        stop.set()
        hasty.result(10)
    far.close()
    assert found == [[1] * 4, [1] * 4]


def _up(running: Exporter, timeout_seconds: float, times: int) -> list[float | None]:
    return [running.scrape("/metrics/cache", timeout_seconds).value("redis_up") for _ in range(times)]


def _ask_again_and_again(running: Exporter, stop: threading.Event) -> None:
    while not stop.wait(0.7):
        running.scrape("/metrics/cache", 1.0)


@pytest.mark.parametrize("value", ["1e-9", "0.000001", "0.002"])
def test_a_tiny_timeout_does_not_spoil_the_next_page(running: Exporter, value: str) -> None:
    """The page after such a request is whole."""
    whole = set(running.scrape("/metrics/host").types)
    request = urllib.request.Request(f"http://127.0.0.1:{running.port}/metrics/host")
    request.add_header("X-Prometheus-Scrape-Timeout-Seconds", value)
    for _ in range(5):
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - loopback
        after = running.scrape("/metrics/host")
        assert not whole - after.types.keys()
        assert after.error_classes() == {}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("GZip ; q=0.5, identity;q=1", "gzip"),
        ("br, *", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.0, *;q=1", None),
        ("gzip;q=nan", None),
        ("gzip;q=", None),
        ("identity", None),
        ("br", None),
        ("", None),
        (None, None),
    ],
)
def test_a_page_is_compressed_for_who_accepts_it(
    running: Exporter, method: str, accepted: str | None, encoding: str | None
) -> None:
    """The page is the same, and the length is that of what is sent, for HEAD too."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.putrequest(method, "/metrics/host", skip_accept_encoding=True)
    if accepted is not None:
        connection.putheader("Accept-Encoding", accepted)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.getheader("Content-Encoding") == encoding
    assert answer.getheader("Vary") == "accept-encoding"
    length = int(answer.getheader("Content-Length") or 0)
    assert (length < 20_000) == (encoding == "gzip")
    if method == "HEAD":
        assert body == b""
    else:
        assert len(body) == length
        text = gzip.decompress(body) if encoding else body
        assert page(text.decode()).value("node_load1") is not None


def test_a_small_answer_is_not_compressed(running: Exporter) -> None:
    """It fits into one packet as it is."""
    request = urllib.request.Request(f"http://127.0.0.1:{running.port}/healthz", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.headers["Content-Encoding"] is None
        assert answer.read() == b"ok\n"
