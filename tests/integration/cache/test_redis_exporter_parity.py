"""Same name, same meaning: our page beside redis_exporter's, of the same server at the same time."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.support import servers
from tests.support.exporter import Exporter, Page, exporter, fetch
from tests.support.redis_exporter import redis_exporter, unlisted

# Name → why the two values may differ although both are right.
EXCLUDED = {
    "redis_exporter_last_scrape_duration_seconds": "each exporter's own",
    # Both exporters are clients and change these by looking.
    "redis_memory_used_bytes": "moves with each client's buffers",
    "redis_memory_used_peak_bytes": "moves with each client's buffers",
    "redis_memory_used_dataset_bytes": "moves with each client's buffers",
    "redis_memory_used_overhead_bytes": "moves with each client's buffers",
    "redis_memory_used_rss_bytes": "moves with each client's buffers",
    "redis_mem_clients_normal": "moves with each client's buffers",
    "redis_mem_fragmentation_ratio": "moves with each client's buffers",
    "redis_mem_fragmentation_bytes": "moves with each client's buffers",
    "redis_allocator_active_bytes": "moves with each client's buffers",
    "redis_allocator_allocated_bytes": "moves with each client's buffers",
    "redis_allocator_resident_bytes": "moves with each client's buffers",
    "redis_allocator_frag_ratio": "moves with each client's buffers",
    "redis_allocator_frag_bytes": "moves with each client's buffers",
    "redis_allocator_rss_ratio": "moves with each client's buffers",
    "redis_allocator_rss_bytes": "moves with each client's buffers",
    "redis_client_recent_max_input_buffer_bytes": "each exporter's own commands fill it",
    "redis_client_recent_max_output_buffer_bytes": "each exporter's own commands fill it",
    "redis_db_avg_ttl_seconds": "falls between two scrapes, and the server only samples it",
    "redis_connected_clients": "redis_exporter counts its own connection, which ends with the scrape",
    "redis_start_time_seconds": "now less whole seconds of uptime: jumps by one second",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Redis]:
    """A Redis with data, hits, misses, errors and a replica."""
    with (
        servers.redis_server(tmp_path_factory.mktemp("master"), "--latency-monitor-threshold", "1") as master,
        servers.redis_server(
            tmp_path_factory.mktemp("replica"),
            "--replicaof", f"127.0.0.1 {master.port}", "--masterauth", servers.PASSWORD,
        ) as replica,
        master.client() as client,
    ):  # fmt: skip
        client.set("a", "1", ex=1000)
        client.get("a")
        client.get("none")
        client.execute_command("CONFIG", "SET", "slowlog-log-slower-than", "0")
        client.mset({f"key:{number}": number for number in range(500)})
        client.execute_command("CONFIG", "SET", "slowlog-log-slower-than", "10000")
        servers.wait_until(
            lambda: client.info("replication")["connected_slaves"] == 1 and _synchronised(replica), 20, "replica is in"
        )
        yield master


def _synchronised(replica: servers.Redis) -> bool:
    with replica.client() as client:
        return bool(client.info("replication")["master_link_status"] == "up")


@pytest.fixture(scope="module")
def ours(server: servers.Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """Our exporter of that server."""
    directory = tmp_path_factory.mktemp("ours")
    (directory / "url").write_text(server.url)
    with exporter(directory, "environment: test\ncache:\n  - name: main\n    url_file: url\n", ["cache"]) as running:
        running.scrape("/metrics/cache")  # the first one connects
        yield running


@pytest.fixture(scope="module")
def theirs(server: servers.Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of Debian's redis_exporter of that server."""
    assert shutil.which("prometheus-redis-exporter"), "apt-get install prometheus-redis-exporter"
    with redis_exporter("prometheus-redis-exporter", server, tmp_path_factory.mktemp("theirs") / "log") as url:
        yield url


def _samples(page: Page, name: str) -> dict[frozenset[tuple[str, str]], float]:
    return {frozenset(labels.items()): value for labels, value in page.samples(name)}


def test_shared_names_have_the_same_type_labels_and_values(ours: Exporter, theirs: str) -> None:
    """For every name on both pages type and labels are equal, and their value lies between two of ours around it."""
    before, their_page, after = ours.scrape("/metrics/cache"), fetch(theirs), ours.scrape("/metrics/cache")
    shared = {name for name in before.types if name.startswith("redis_") and name in their_page.types}
    assert len(shared) > 110
    differences = [
        f"{name}: {before.types[name]}, theirs {their_page.types[name]}"
        for name in shared
        if before.types[name] != their_page.types[name]
    ]
    for name in sorted(shared - EXCLUDED.keys()):
        first, middle, last = _samples(before, name), _samples(their_page, name), _samples(after, name)
        # A command first sent by either exporter in between may be on one page only.
        if first.keys() <= middle.keys() and middle.keys() <= last.keys():
            differences += [
                f"{name}{sorted(labels)}: {low}, theirs {middle[labels]}, {last[labels]}"
                for labels, low in first.items()
                if not min(low, last[labels]) <= middle[labels] <= max(low, last[labels])
            ]
        else:
            differences.append(f"{name}: {sorted(map(sorted, first.keys() ^ middle.keys()))}")
    assert not differences, "\n".join(differences)


def test_names_left_out_are_these_and_no_others(ours: Exporter, theirs: str) -> None:
    """What Debian 12's redis_exporter has and we have not stands in docs/metrics.md, each with its reason."""
    assert unlisted(ours.scrape("/metrics/cache"), fetch(theirs)) == []


def test_the_page_passes_promtool(ours: Exporter) -> None:
    """Nothing is found by promtool but what the names of redis_exporter force."""
    page = ours.scrape("/metrics/cache")
    result = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, text=True, capture_output=True, timeout=20, check=False
    )
    complaints = [line for line in (result.stderr + result.stdout).splitlines() if line and not _forced(line)]
    assert not complaints


def _forced(line: str) -> bool:
    """Return whether a complaint is about the wording of a name that is redis_exporter's."""
    name, _, what = line.partition(" ")
    wordings = (
        'should have "_total" suffix',
        'should not have "_total" suffix',
        "use base unit",
        "should not include",
        "metric names should not contain abbreviated units",
    )
    return name.startswith("redis_") and any(wording in what for wording in wordings)


def test_each_command_has_a_histogram_with_the_same_edges(ours: Exporter) -> None:
    """Every command's latency has all edges, rising counts, a count equal to its calls, and its time as sum."""
    page = ours.scrape("/metrics/cache")
    name = "redis_commands_latencies_usec"
    for labels, calls in page.samples(f"{name}_count"):
        buckets = [value for sample, value in page.samples(f"{name}_bucket") if sample["cmd"] == labels["cmd"]]
        assert len(buckets) == 10
        assert buckets == sorted(buckets)
        assert buckets[-1] == calls
        total = page.value(f"{name}_sum", cmd=labels["cmd"])
        seconds = page.value("redis_commands_duration_seconds_total", cmd=labels["cmd"])
        assert total is not None
        assert seconds == pytest.approx(total / 1e6)
    assert page.value(f"{name}_count", cmd="get") == 2


def test_a_master_reports_lag_and_offset_of_its_replica(ours: Exporter) -> None:
    """Lag and offset of a replica stand on its master's page."""
    page = ours.scrape("/metrics/cache")
    assert page.value("redis_connected_slave_lag_seconds", slave_state="online") in {0, 1}
    assert (page.value("redis_connected_slave_offset_bytes") or 0) > 0
