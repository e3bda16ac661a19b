"""Replicas, clusters and Sentinels: real servers that stand for one another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.exporter import ROOT, exporter

SETTINGS = "environment: test\ncache:\n  - name: main\n    url_file: url\n"
LAG = "redis_connected_slave_lag_seconds"


def _connected(master: servers.Redis, count: int, state: str = "online") -> bool:
    with master.client() as client:
        info = client.info("replication")
    return [info.get(f"slave{number}", {}).get("state") for number in range(count)] == [state] * count


@pytest.fixture
def master(tmp_path: Path) -> Iterator[servers.Redis]:
    """A Redis that two replicas may follow."""
    with servers.redis_server(tmp_path / "master", "--repl-diskless-sync-delay", "0") as server:
        yield server


def test_two_replicas_behind_one_address_are_one_series_with_the_greater_lag(
    master: servers.Redis, tmp_path: Path
) -> None:
    """Behind NAT the address is the same: the page is valid, and shows the lag of the replica that lags."""
    announced = ("--replica-announce-ip", "10.0.0.9", "--replica-announce-port", "6379")
    follow = ("--replicaof", f"127.0.0.1 {master.port}", "--masterauth", servers.PASSWORD)
    (tmp_path / "url").write_text(master.url)
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(servers.redis_server(tmp_path / name, *follow, *announced)) for name in ("one", "two")
        ]
        servers.wait_until(lambda: _connected(master, 2), 30, "both replicas are in")
        running = stack.enter_context(exporter(tmp_path, SETTINGS, ["cache"]))
        os.kill(replicas[1].process.pid, signal.SIGSTOP)
        try:
            servers.wait_until(
                lambda: (running.scrape("/metrics/cache").value(LAG, slave_ip="10.0.0.9") or 0) >= 4, 30, "it lags"
            )
        finally:
            os.kill(replicas[1].process.pid, signal.SIGCONT)
        assert "duplicate" not in running.log.read_text()


def test_clients_that_take_a_copy_are_one_series_of_port_0(master: servers.Redis, tmp_path: Path) -> None:
    """Two `redis-cli --replica` give one valid series, which CrmCacheReplicationLag leaves out for its port."""
    (tmp_path / "url").write_text(master.url)
    command = ["redis-cli", "-p", str(master.port), "-a", servers.PASSWORD, "--no-auth-warning", "--replica"]
    with ExitStack() as stack:
        for name in ("one", "two"):
            stack.enter_context(servers.process(command, tmp_path / f"{name}.log"))
        servers.wait_until(lambda: _connected(master, 2), 30, "both copies are taken")
        running = stack.enter_context(exporter(tmp_path, SETTINGS, ["cache"]))
        page = running.scrape("/metrics/cache")
        assert [labels["slave_port"] for labels, _ in page.samples(LAG)] == ["0"]
        assert page.value("pantrywatch_duplicate_samples_dropped_total") is None
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, text=True, capture_output=True, timeout=20, check=False
    )
    assert "duplicate" not in checked.stderr + checked.stdout


@pytest.mark.long
def test_a_sentinel_serves_what_it_has(master: servers.Redis, tmp_path: Path) -> None:
    """What a Sentinel watches is there, nothing fails for what it cannot have, and `validate` misses nothing."""
    port, configuration = servers.free_port(), tmp_path / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
        f"sentinel monitor mymaster 127.0.0.1 {master.port} 1\nsentinel auth-pass mymaster {servers.PASSWORD}\n"
    )
    (tmp_path / "url").write_text(f"redis://127.0.0.1:{port}")
    with (
        servers.process(["redis-server", str(configuration), "--sentinel"], tmp_path / "sentinel.log"),
        exporter(tmp_path, SETTINGS, ["cache"]) as running,
    ):
        status = "redis_sentinel_master_status"

        def watched() -> bool:
            return running.scrape("/metrics/cache").value(status, master_status="ok") == 1

        servers.wait_until(watched, 20, "the Sentinel sees its master")
        page = running.scrape("/metrics/cache")
        assert page.value("redis_up") == 1
        assert page.error_classes() == {}
        assert page.value("redis_sentinel_masters") == 1
        labels = {"master_name": "mymaster", "master_address": f"127.0.0.1:{master.port}"}
        assert page.value("redis_sentinel_master_slaves", **labels) == 0
        assert page.value("redis_sentinel_master_sentinels", **labels) == 1
        assert page.value("redis_connected_clients") is not None
        result = subprocess.run(
            [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "validate"],
            capture_output=True, text=True, timeout=30, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert (result.returncode, "MISSING" in result.stdout) == (0, False), result.stdout
