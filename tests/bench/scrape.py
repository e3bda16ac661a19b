"""`./run bench scrape`: each exporter beside its Go peer on the same server, alternating scrapes; nothing is asserted.

Columns: series on the page, latency of a scrape on a new connection (p50, p99), CPU of the exporter per scrape, CPU of
the watched server per scrape, resident memory. Then both beside a frozen server.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.bench.pairs import NAMES, Watched, cpu_seconds, watched_servers
from tests.bench.peers import Peer
from tests.support import servers
from tests.support.exporter import Exporter


@dataclass(slots=True)
class _Candidate:
    """One exporter under measurement and what was measured of it."""

    name: str
    url: str
    process: psutil.Process
    watched_cpu: Callable[[], float]
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    watched_seconds: list[float] = field(default_factory=list)
    series: int = 0

    def scrape(self) -> None:
        """Scrape once on a new connection and note what it cost."""
        cpu, watched = cpu_seconds(self.process), self.watched_cpu()
        start = time.perf_counter()
        status, body = get(self.url, 30.0)
        self.seconds.append(time.perf_counter() - start)
        assert status == 200
        self.cpu_seconds.append(cpu_seconds(self.process) - cpu)
        self.watched_seconds.append(self.watched_cpu() - watched)
        self.series = sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))

    def row(self) -> str:
        """Return the line of the table."""
        cuts = statistics.quantiles(self.seconds, n=100)
        rss = self.process.memory_info().rss / 1e6
        cpu = statistics.mean(self.cpu_seconds)
        watched = statistics.mean(self.watched_seconds)
        return (
            f"{self.name:<28} {self.series:>6} {cuts[49] * 1e3:>8.1f} {cuts[98] * 1e3:>8.1f} "
            f"{cpu * 1e3:>8.1f} {watched * 1e3:>10.1f} {rss:>8.1f}"
        )


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="./run bench scrape", description=__doc__)
    parser.add_argument("--scrapes", type=int, default=200, help="scrapes of each exporter (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        world = _world(Path(name), stack)
        print(
            f"{'exporter':<28} {'series':>6} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>8} {'server ms':>10} {'RSS MB':>8}"
        )
        for pair in world.pairs:
            _alternate(pair, options.scrapes)
            for candidate in pair:
                print(candidate.row(), flush=True)
        _memory(world)
        _frozen(world)


@dataclass(frozen=True, slots=True)
class _World:
    """The servers, the sidecars and their peers."""

    servers: Watched
    together: Exporter
    peers: list[Peer]
    pairs: list[tuple[_Candidate, _Candidate]]


def _world(directory: Path, stack: ExitStack) -> _World:
    watched = watched_servers(directory, stack)
    together = stack.enter_context(watched.sidecar(*NAMES))
    peers, pairs = [], []
    for name in NAMES:
        own, other, server_cpu = (
            stack.enter_context(watched.sidecar(name)),
            stack.enter_context(watched.peer(name)),
            watched.cpu_of(name),
        )
        peers.append(other)
        url = f"http://127.0.0.1:{own.port}/metrics/{name}"
        pairs.append(
            (
                _Candidate(f"pantrywatch: {name}", url, own.process, server_cpu),
                _Candidate(f"peer: {name}", other.url, other.process, server_cpu),
            )
        )
    return _World(watched, together, peers, pairs)


def _alternate(pair: tuple[_Candidate, _Candidate], scrapes: int) -> None:
    for candidate in pair:
        for _ in range(5):
            candidate.scrape()
        candidate.seconds.clear()
        candidate.cpu_seconds.clear()
        candidate.watched_seconds.clear()
    for _ in range(scrapes):
        for candidate in pair:
            candidate.scrape()


def _memory(world: _World) -> None:
    for _ in range(20):
        get(f"http://127.0.0.1:{world.together.port}/metrics", 30.0)
    ours = world.together.process.memory_info().rss / 1e6
    alone = sum(pair[0].process.memory_info().rss for pair in world.pairs) / 1e6
    theirs = sum(peer.process.memory_info().rss for peer in world.peers) / 1e6
    print(f"\nRSS: all in one process {ours:.1f} MB; as sidecars {alone:.1f} MB; peers together {theirs:.1f} MB")


def _frozen(world: _World) -> None:
    print("\nfrozen server (SIGSTOP), scrape timeout 10 s:")
    with _stopped_postgres(world.servers.postgres):
        for candidate in world.pairs[0]:
            print(f"  {candidate.name:<28} {_answer(candidate.url, 'pg_up')}", flush=True)
    world.servers.redis.process.send_signal(signal.SIGSTOP)
    try:
        for candidate in world.pairs[1]:
            print(f"  {candidate.name:<28} {_answer(candidate.url, 'redis_up')}", flush=True)
    finally:
        world.servers.redis.process.send_signal(signal.SIGCONT)


@contextmanager
def _stopped_postgres(postgres: servers.Postgres) -> Iterator[None]:
    postgres.freeze()
    try:
        yield
    finally:
        postgres.thaw()


def _answer(url: str, up: str) -> str:
    start = time.perf_counter()
    try:
        _, body = get(url, 25.0)
    except TimeoutError:
        return "no answer in 25 s"
    value = next((line for line in body.decode().splitlines() if line.startswith(f"{up} ")), "no up metric")
    return f"{value} after {time.perf_counter() - start:.1f} s"


def get(url: str, timeout: float = 30.0) -> tuple[int, bytes]:
    """Return status and body of a scrape on a new connection."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", parts.path, headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    main()
