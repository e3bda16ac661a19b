"""The exporters as sidecars next to their Go peers on the same servers, for the benchmarks that compare them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.peers import Peer, peer
from tests.support import servers
from tests.support.exporter import Exporter, exporter

NAMES = ("database", "cache", "host")
_TABLES = 60
_KEYS = 20_000
PROGRAMS: Mapping[str, str] = {
    "database": "prometheus-postgres-exporter",
    "cache": "prometheus-redis-exporter",
    "host": "prometheus-node-exporter",
}


@dataclass(frozen=True, slots=True)
class Watched:
    """The servers that both sides watch: PostgreSQL with 60 tables and 180 indexes, Redis with 20,000 keys."""

    directory: Path
    postgres: servers.Postgres
    redis: servers.Redis

    def section(self, name: str, without: Sequence[str] = ()) -> str:
        """Return the section of settings of an exporter that watches them, or this machine; collectors to leave out."""
        left_out = f", without: [{', '.join(without)}]" if without else ""
        return {
            "database": f"database: [{{name: one, dsn_file: '{self.directory}/dsn'{left_out}}}]\n",
            "cache": f"cache: [{{name: one, url_file: '{self.directory}/url'}}]\n",
            "host": "host: {name: local}\n",
        }[name]

    @contextmanager
    def sidecar(self, *names: str, without: Sequence[str] = ()) -> Iterator[Exporter]:
        """Run these exporters in one process, without some collectors of theirs."""
        folder = self.directory / "-".join((*names, *without[:1]))
        sections = "".join(self.section(name, without) for name in names)
        with exporter(folder, f"environment: bench\n{sections}", names) as running:
            yield running

    @contextmanager
    def peer(
        self, name: str, programs: Path = Path("/usr/bin"), more: Sequence[str] = (), until: str = "/metrics"
    ) -> Iterator[Peer]:
        """Run the Go peer of an exporter out of the folder `programs`, with `more` options; it has answered `until`."""
        dash, environment = "--", {}
        options = list(more)
        if name == "database":
            environment = {"DATA_SOURCE_NAME": self.postgres.dsn("crm") + "?sslmode=disable"}
        elif name == "cache":
            dash, environment = "-", {"REDIS_PASSWORD": servers.PASSWORD}
            options += ["-redis.addr", f"redis://127.0.0.1:{self.redis.port}"]
        command = [str(programs / PROGRAMS[name]), f"{dash}web.listen-address=127.0.0.1:PORT", *options]
        with peer(self.directory, command, environment, until) as running:
            yield running

    def cpu_of(self, name: str) -> Callable[[], float]:
        """Return a function that gives the CPU seconds of the server that an exporter watches; 0 for the machine."""
        if name == "database":
            return lambda: tree_cpu_seconds(self.postgres.process.pid)
        redis = psutil.Process(self.redis.process.pid)
        return (lambda: cpu_seconds(redis)) if name == "cache" else lambda: 0.0


def watched_servers(directory: Path, stack: ExitStack) -> Watched:
    """Return new servers that run until the stack is closed."""
    options = {"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"}
    postgres = stack.enter_context(servers.postgres(directory / "pg", options=options))
    redis = stack.enter_context(servers.redis_server(directory / "redis"))
    _fill(postgres, redis)
    (directory / "dsn").write_text(postgres.dsn("crm"))
    (directory / "url").write_text(redis.url)
    return Watched(directory, postgres, redis)


def use_compiled_modules(folder: Path) -> None:
    """Let processes keep compiled modules below a folder, whatever the environment says: the first start compiles."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of all threads, ended ones included, from the process' own CPU clock (nanoseconds)."""
    return time.clock_gettime((~process.pid << 3) | 2)  # clock_getcpuclockid(3), CPUCLOCK_SCHED


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


def tree_cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, its descendants, and its children that have ended already."""
    root = psutil.Process(pid)
    times = root.cpu_times()
    total = cpu_seconds(root) + times.children_user + times.children_system
    for child in root.children(recursive=True):
        try:
            total += cpu_seconds(child)
        except (psutil.Error, OSError):
            continue
    return float(total)
