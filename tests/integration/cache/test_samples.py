"""Samples of keys from real servers: right in what they say, bounded in what they cost, and never a key on the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from exporters.cache.sampler import KeySampler
from exporters.cache.samples import Prefixes
from exporters.cache.settings import SampleSettings
from exporters.core.errors import ErrorClass
from exporters.core.exposition import render
from exporters.core.redis_client import RedisAddress
from exporters.core.settings import Secret
from tests.support import servers
from tests.support.exporter import Exporter, exporter
from tests.support.properties import cases

SETTINGS = """environment: test
cache:
  - name: main
    url_file: url
    samples: {prefixes: ["session:", "tenant:*:page:"], interval_seconds: 10}
"""
SESSIONS, PAGES, OTHERS = 60, 30, 10


@dataclass(frozen=True, slots=True)
class Watched:
    """A server with 100 keys of three prefixes, and the exporter."""

    exporter: Exporter
    server: servers.Redis


def _fill(client: redis.Redis) -> None:
    with client.pipeline(transaction=False) as pipe:
        for number in range(SESSIONS):
            pipe.set(f"session:secret-{number}", "x" * 1000)
        for number in range(PAGES):
            pipe.hset(f"tenant:secret-{number}:page:1", mapping={"a": 1})
        for number in range(OTHERS):
            pipe.set(f"secret-{number}", number)
        pipe.set("session:secret-large", "x" * 200_000)
        pipe.execute()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A small server whose keys a round sees all of."""
    folder = tmp_path_factory.mktemp("samples")
    with servers.redis_server(folder / "redis", "--maxmemory-policy", "allkeys-lfu") as server:
        with server.client() as client:
            _fill(client)
        (folder / "url").write_text(server.url)
        with exporter(folder, SETTINGS, ["cache"]) as running:
            servers.wait_until(
                lambda: running.scrape("/metrics/cache").value("pantrywatch_query_success", query="samples") == 1,
                30, "a round",
            )  # fmt: skip
            yield Watched(running, server)


def test_a_round_that_saw_every_key_is_exact(watched: Watched) -> None:
    """Keys, memory and the largest key of each prefix are those of the server; `*` is an id."""
    page = watched.exporter.scrape("/metrics/cache")
    for prefix, keys in (("session:", SESSIONS + 1), ("tenant:*:page:", PAGES), ("other", OTHERS)):
        assert page.value("pantrywatch_cache_prefix_keys", prefix=prefix) == keys
    with watched.server.client() as client:
        largest = client.memory_usage("session:secret-large", samples=5)
        sizes = [client.memory_usage(key, samples=5) or 0 for key in client.scan_iter(match="session:*")]
    assert page.value("pantrywatch_cache_prefix_largest_key_bytes", prefix="session:") == largest
    assert page.value("pantrywatch_cache_prefix_bytes", prefix="session:") == pytest.approx(sum(sizes))
    assert page.value("pantrywatch_cache_sampled_keys") == SESSIONS + 1 + PAGES + OTHERS
    assert {labels["encoding"] for labels, _ in page.samples("pantrywatch_cache_encoding_bytes")} <= {
        "raw", "listpack", "int"
    }  # fmt: skip
    assert page.samples("pantrywatch_cache_prefix_hottest_key_frequency")
    assert page.value("pantrywatch_privilege_granted", privilege="memory") == 1
    assert page.error_classes() == {}
    assert "secret-" not in page.text + watched.exporter.log.read_text()


def test_one_connection_in_a_round_and_none_between(watched: Watched) -> None:
    """Beside the connection of the scrapes the server has none of ours once a round is over."""
    with watched.server.client() as client:
        names = [one["name"] for one in client.client_list()]
    assert names.count("pantrywatch") == 1
    assert names.count("pantrywatch-samples") <= 1
    servers.wait_until(
        lambda: "pantrywatch-samples" not in [one["name"] for one in _clients(watched.server)], 30, "it is closed"
    )


def _clients(server: servers.Redis) -> list[dict[str, str]]:
    with server.client() as client:
        return list(client.client_list())


def _sampler(server: servers.Redis, settings: SampleSettings) -> KeySampler:
    address = RedisAddress("127.0.0.1", server.port, password=Secret(servers.PASSWORD))
    return KeySampler("main", settings, lambda: address)


def _value(page: str, name: str) -> float:
    return float(next(line for line in page.splitlines() if line.startswith(name)).rsplit(" ", 1)[1])


def test_lookups_that_sampling_adds_stay_a_small_share(tmp_path: Path) -> None:
    """Twenty at first, then at most one for 200 of the application's: the hit ratio is not made by its measurement."""
    with servers.redis_server(tmp_path / "redis") as server, server.client() as client:
        for number in range(500):
            client.set(f"session:{number}", "x")
        sampler = _sampler(server, SampleSettings(("session:",), keys=100))
        added = []
        for lookups in (0, 0, 1000):
            for number in range(lookups):
                client.get(f"session:{number}")
            before = client.info("stats")["keyspace_hits"]
            page = render(sampler.families()).decode()
            added.append(client.info("stats")["keyspace_hits"] - before)
    assert added == [20, 0, 5]
    assert _value(page, "pantrywatch_cache_sample_lookups_total") == 25


def test_rounds_go_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """After as many rounds as the keys need, each was looked at: the largest is known, and the shares are near."""
    with servers.redis_server(tmp_path / "redis") as server, server.client() as client:
        with client.pipeline(transaction=False) as pipe:
            for number in range(1800):
                pipe.set(f"a:{number}" if number % 3 else f"b:{number}", "x")
            pipe.set("a:large", "x" * 100_000)
            pipe.execute()
        sampler = _sampler(server, SampleSettings(("a:", "b:"), keys=500))
        for _ in range(5):
            page = render(sampler.families()).decode()
        assert _value(page, 'pantrywatch_cache_prefix_keys{prefix="a:"}') == pytest.approx(1201, rel=0.15)
        assert _value(page, 'pantrywatch_cache_prefix_keys{prefix="b:"}') == pytest.approx(600, rel=0.15)
        assert _value(page, 'pantrywatch_cache_prefix_largest_key_bytes{prefix="a:"}') >= 100_000
        assert "hottest" not in page  # no LFU policy: the server does not count accesses
        commands = client.info("commandstats")
    assert commands["cmdstat_memory|usage"]["calls"] <= 5 * 600
    assert "cmdstat_keys" not in commands


def test_a_missing_right_costs_its_part(tmp_path: Path) -> None:
    """Without MEMORY the keys are still counted, without SCAN nothing is; each is asked once a round, and named."""
    with servers.redis_server(tmp_path / "redis") as server, server.client() as client:
        _fill(client)
        rules = "on >pw resetchannels -@all +info +client|setname"
        for user, more in (("scan", "+scan"), ("nothing", "")):
            client.execute_command("ACL", "SETUSER", user, *rules.split(), *more.split())
        sampler = _sampler_of("scan", server)
        page = render(sampler.families()).decode()
        assert 'pantrywatch_cache_prefix_keys{prefix="session:"}' in page
        assert "_bytes" not in page
        assert sampler.error() is None
        assert len(sampler.replies["memory"]) == 1
        assert client.info("commandstats")["cmdstat_memory|usage"]["rejected_calls"] == 1
        lacking = _sampler_of("nothing", server)
        page = render(lacking.families()).decode()
    error = lacking.error()
    assert error is not None
    assert error.error_class is ErrorClass.PERMISSION
    assert "pantrywatch_cache_prefix" not in page
    assert _value(page, "pantrywatch_query_success") == 0


def _sampler_of(user: str, server: servers.Redis) -> KeySampler:
    address = RedisAddress("127.0.0.1", server.port, user, Secret("pw"))
    return KeySampler("main", SampleSettings(("session:",)), lambda: address)


def test_a_server_that_is_down_fails_the_round_alone(tmp_path: Path) -> None:
    """The class says why; a sampler that is closed in a round leaves no connection and no error."""
    address = RedisAddress("127.0.0.1", servers.free_port())
    sampler = KeySampler("main", SampleSettings(), lambda: address)
    assert _value(render(sampler.families()).decode(), "pantrywatch_query_success") == 0
    error = sampler.error()
    assert error is not None
    assert error.error_class is ErrorClass.REFUSED
    with servers.redis_server(tmp_path / "redis") as server, server.client() as client:
        with client.pipeline(transaction=False) as pipe:
            for number in range(20_000):
                pipe.set(f"a:{number}", "x")
            pipe.execute()
        running = _sampler(server, SampleSettings(keys=10_000))
        running.start()
        servers.wait_until(lambda: _is_sampling(server), 20, "a round")
        running.close()
        servers.wait_until(lambda: not _is_sampling(server), 20, "its connection is closed")
        assert running.error() is None


def _is_sampling(server: servers.Redis) -> bool:
    return "pantrywatch-samples" in [one["name"] for one in _clients(server)]


@cases(100)
@given(key=st.binary(max_size=300), prefixes=st.lists(st.text("ab:*\u00e9.", min_size=1, max_size=20), max_size=5))
def test_a_key_counts_for_a_prefix_of_the_settings_or_other(key: bytes, prefixes: list[str]) -> None:
    """Whatever the bytes of a key, the label is from the closed list; else the first that it begins with."""
    found = Prefixes(prefixes).of(key)
    assert found in {*prefixes, "other"}
    plain = [prefix for prefix in prefixes if "*" not in prefix]
    if plain == prefixes:
        assert found == next((prefix for prefix in plain if key[:200].startswith(prefix.encode())), "other")
