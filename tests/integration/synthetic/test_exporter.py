"""The exporter as operators run it, with checks of every kind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import exporter, servers
from tests.support.peers import Certificates, TlsWeb, Web

_KINDS = {"http", "tcp", "tls", "dns", "sql", "redis"}
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

# What `promtool check metrics` says of names that are blackbox_exporter's, which stay as they are.
_PROMTOOL_EXCEPTIONS: set[str] = set()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[servers.Redis]:
    """A Redis that a test may freeze."""
    with servers.redis_server(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def settings(  # noqa: PLR0913, PLR0917 - one peer a kind
    web: Web,
    tls_web: TlsWeb,
    certificates: Certificates,
    name_server: int,
    postgres: servers.Postgres,
    own_redis: servers.Redis,
) -> tuple[str, dict[str, str]]:
    """Settings with a check of every kind each second, and the environment with their secrets."""
    port = web(_OK)
    text = f"""environment: "test"
synthetic:
  checks:
    - {{name: "c-http", kind: "http", url: "http://127.0.0.1:{port}/", target: "api-availability", COMMON}}
    - {{name: "c-tcp", kind: "tcp", address: "127.0.0.1:{port}", COMMON}}
    - {{name: "c-tls", kind: "tls", address: "127.0.0.1:{tls_web("good")}", ca_file: "{certificates.ca}", COMMON}}
    - {{name: "c-dns", kind: "dns", query_name: "good.test", server: "127.0.0.1:{name_server}", COMMON}}
    - {{name: "c-sql", kind: "sql", dsn: "${{DSN}}", target: "db-availability", COMMON}}
    - {{name: "c-redis", kind: "redis", url: "${{URL}}", write: true, COMMON}}
"""
    common = "interval_seconds: 1, timeout_seconds: 0.5"
    return text.replace("COMMON", common), {"DSN": postgres.dsn(), "URL": own_redis.url}


@pytest.mark.long
def test_page_faults_and_leaks(
    tmp_path: Path, settings: tuple[str, dict[str, str]], own_redis: servers.Redis, postgres: servers.Postgres
) -> None:
    """Every kind passes; a frozen server shows as a timeout of its check alone; nothing is left open, nothing leaks."""
    text, environment = settings
    with exporter.exporter(tmp_path / "exporter", text, ["synthetic"], environment) as running:

        def scrape() -> exporter.Page:
            return running.scrape("/metrics/synthetic")

        def passing() -> set[str]:
            return {labels["check"].removeprefix("c-") for labels, value in scrape().samples("probe_success") if value}

        servers.wait_until(lambda: passing() == _KINDS, 20, "every kind passes")
        page = scrape()
        _check_labels(page)
        _check_with_promtool(page.text)
        files = running.process.num_fds()
        own_redis.process.send_signal(signal.SIGSTOP)
        try:
            servers.wait_until(lambda: passing() == _KINDS - {"redis"}, 10, "Redis alone fails")
            with ThreadPoolExecutor(50) as pool:
                pages = list(pool.map(lambda _: scrape(), range(50)))
        finally:
            own_redis.process.send_signal(signal.SIGCONT)
        assert {page.value("pantrywatch_check_error", check="c-redis", **{"class": "timeout"}) for page in pages} == {1}
        servers.wait_until(lambda: passing() == _KINDS, 10, "Redis passes again")
        servers.wait_until(lambda: running.process.num_fds() <= files, 15, "no file is left open")
        before = scrape().value("pantrywatch_check_runs_total", check="c-sql", result="success")
        assert before
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pantrywatch-check'"
    servers.wait_until(lambda: postgres.value(query) == 0, 5, "no connection is left")
    for secret in (servers.PASSWORD, "s3cr3t-p%40ss%2Fword", "127.0.0.1:"):
        assert not any(secret in page.text for page in pages)
        assert secret not in running.log.read_text().replace(f"http://127.0.0.1:{running.port}", "")


def _check_labels(page: exporter.Page) -> None:
    families = [family for family in page.families.values() if family.name.startswith(("probe_", "pantrywatch_check_"))]
    assert len(families) > 20
    for family in families:
        for sample in family.samples:
            assert {"check", "kind", "target"} <= sample.labels.keys(), sample
    assert page.value("probe_success", check="c-sql", kind="sql", target="db-availability") == 1


def _check_with_promtool(text: str) -> None:
    result = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30, check=False
    )
    complaints = {line.split(" ")[0] for line in (result.stdout + result.stderr).splitlines() if line.strip()}
    assert complaints == _PROMTOOL_EXCEPTIONS, result.stdout + result.stderr


def test_check_command(tmp_path: Path, web: Web) -> None:
    """`check NAME` runs that one check now, prints what it saw, and says why it failed and in which phase."""
    port = web(_OK)
    (tmp_path / "settings.yaml").write_text(f"""environment: "test"
synthetic:
  checks:
    - {{name: "good", kind: "http", url: "http://127.0.0.1:{port}/"}}
    - {{name: "bad", kind: "http", url: "http://127.0.0.1:{port}/", expect_body: "bye"}}
""")

    def run(name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "check", name]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=exporter.ROOT)

    good, bad, both = run("good"), run("bad"), run("synthetic")
    assert (good.returncode, bad.returncode, both.returncode) == (0, 1, 1), good.stderr + bad.stderr + both.stderr
    assert exporter.page(good.stdout).value("probe_http_status_code", check="good") == 200
    assert "# synthetic/local good: ok" in good.stdout
    assert 'check="bad"' not in good.stdout
    assert "# synthetic/local bad: FAILED protocol: the body does not match expect_body (phases: resolve" in bad.stdout
    assert "good: ok" in both.stdout
    assert "bad: FAILED" in both.stdout
