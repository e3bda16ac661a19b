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

from tests.bench.peers import Peer, peer
from tests.support import servers
from tests.support.exporter import Exporter, exporter

_TABLES = 60
_KEYS = 20_000


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
        status, body = _get(self.url, 30.0)
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
    """The servers, ours and the peers."""

    postgres: servers.Postgres
    redis: servers.Redis
    together: Exporter
    peers: dict[str, Peer]
    pairs: list[tuple[_Candidate, _Candidate]]


def _world(directory: Path, stack: ExitStack) -> _World:
    enter = stack.enter_context
    options = {"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"}
    postgres = enter(servers.postgres(directory / "pg", options=options))
    redis = enter(servers.redis_server(directory / "redis"))
    _fill(postgres, redis)
    (directory / "dsn").write_text(postgres.dsn("crm"))
    (directory / "url").write_text(redis.url)
    sections = {
        "database": f"database: [{{name: one, dsn_file: '{directory}/dsn'}}]\n",
        "cache": f"cache: [{{name: one, url_file: '{directory}/url'}}]\n",
        "host": "host: {name: local}\n",
    }
    alone = {
        name: enter(exporter(directory / name, f"environment: bench\n{text}", [name]))
        for name, text in sections.items()
    }
    together = enter(exporter(directory / "all", "environment: bench\n" + "".join(sections.values()), []))
    peers = _peers(directory, stack, postgres, redis)

    def postgres_cpu() -> float:
        return _tree_cpu(postgres.process.pid)

    redis_process = psutil.Process(redis.process.pid)
    watched: dict[str, Callable[[], float]] = {
        "database": postgres_cpu,
        "cache": lambda: cpu_seconds(redis_process),
        "host": lambda: 0.0,
    }
    pairs = [
        (
            _Candidate(f"ours: {name}", f"http://127.0.0.1:{ours.port}/metrics/{name}", ours.process, watched[name]),
            _Candidate(f"peer: {name}", peers[name].url, peers[name].process, watched[name]),
        )
        for name, ours in alone.items()
    ]
    return _World(postgres, redis, together, peers, pairs)


def _peers(directory: Path, stack: ExitStack, postgres: servers.Postgres, redis: servers.Redis) -> dict[str, Peer]:
    enter = stack.enter_context
    dsn = postgres.dsn("crm") + "?sslmode=disable"
    redis_command = ["prometheus-redis-exporter", "-web.listen-address", "127.0.0.1:PORT"]
    return {
        "database": enter(
            peer(
                directory,
                ["prometheus-postgres-exporter", "--web.listen-address=127.0.0.1:PORT"],
                {"DATA_SOURCE_NAME": dsn},
            )
        ),
        "cache": enter(
            peer(
                directory,
                [*redis_command, "-redis.addr", f"redis://127.0.0.1:{redis.port}"],
                {"REDIS_PASSWORD": servers.PASSWORD},
            )
        ),
        "host": enter(peer(directory, ["prometheus-node-exporter", "--web.listen-address=127.0.0.1:PORT"], {})),
    }


def _fill(postgres: servers.Postgres, redis: servers.Redis) -> None:
    postgres.execute("CREATE DATABASE crm")
    tables = "; ".join(
        f"CREATE TABLE t{n} (a int PRIMARY KEY, b int, c text); CREATE INDEX ON t{n} (b); CREATE INDEX ON t{n} (c)"
        for n in range(_TABLES)
    )
    postgres.execute("CREATE EXTENSION pg_stat_statements", tables, dbname="crm")
    with redis.client() as client:
        pipeline = client.pipeline(transaction=False)
        for n in range(_KEYS):
            pipeline.set(f"key:{n}", "x" * 100, ex=3600 if n % 2 else None)
        pipeline.execute()


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
        _get(f"http://127.0.0.1:{world.together.port}/metrics", 30.0)
    ours = world.together.process.memory_info().rss / 1e6
    alone = sum(pair[0].process.memory_info().rss for pair in world.pairs) / 1e6
    theirs = sum(peer.process.memory_info().rss for peer in world.peers.values()) / 1e6
    print(
        f"\nRSS: all ours in one process {ours:.1f} MB; ours as sidecars {alone:.1f} MB; peers together {theirs:.1f} MB"
    )


def _frozen(world: _World) -> None:
    print("\nfrozen server (SIGSTOP), scrape timeout 10 s:")
    with _stopped_postgres(world.postgres):
        for candidate in world.pairs[0]:
            print(f"  {candidate.name:<28} {_answer(candidate.url, 'pg_up')}", flush=True)
    world.redis.process.send_signal(signal.SIGSTOP)
    try:
        for candidate in world.pairs[1]:
            print(f"  {candidate.name:<28} {_answer(candidate.url, 'redis_up')}", flush=True)
    finally:
        world.redis.process.send_signal(signal.SIGCONT)


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
        _, body = _get(url, 25.0)
    except TimeoutError:
        return "no answer in 25 s"
    value = next((line for line in body.decode().splitlines() if line.startswith(f"{up} ")), "no up metric")
    return f"{value} after {time.perf_counter() - start:.1f} s"


def _get(url: str, timeout: float) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", parts.path, headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of all threads, ended ones included, from the process' own CPU clock (nanoseconds)."""
    return time.clock_gettime((~process.pid << 3) | 2)  # clock_getcpuclockid(3), CPUCLOCK_SCHED


def _tree_cpu(pid: int) -> float:
    """Return the CPU seconds of a process, its children, and the children that have ended already."""
    root = psutil.Process(pid)
    times = root.cpu_times()
    total = cpu_seconds(root) + times.children_user + times.children_system
    for child in root.children():
        try:
            total += cpu_seconds(child)
        except (psutil.Error, OSError):
            continue
    return float(total)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    main()
