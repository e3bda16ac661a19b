"""Runs a database where no advice is right: `healthy(directory, name)`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.planted import pantry, sales
from tests.support.planted.records import Seeded
from tests.support.planted.running import DBNAME, application_dsn, crm_server, run_script, use
from tests.support.planted.series import (
    always,
    busy,
    checkpoints,
    connections,
    container_memory,
    lookups,
    once,
    otel_pool,
    redis_memory,
    temporary_files,
)  # fmt: skip
from tests.support.planted.truth import Truth
from tests.support.servers import Postgres, postgres_bin

_HERE = Path(__file__).parent

SERIES = (
    *lookups("crm:8000", "session:", hits=97, misses=3),
    *lookups("crm:8000", "organization:", hits=30, misses=5),
    *lookups("crm:8000", "export:", hits=0, misses=1 / 3600),
    *otel_pool("crm:8000", used=once(3, 10), waiting=always(0), most=10),
    *connections(used=busy(9, 24), limit=97),
    *redis_memory(used_bytes=busy(180e6, 260e6), most_bytes=512e6, evicted=always(0)),
    *container_memory("api", used_bytes=busy(150e6, 190e6), most_bytes=402.653184e6),
    *checkpoints(timed_per_hour=12, requested_per_hour=0.1),
    *temporary_files(DBNAME, per_hour=1, bytes_each=5e6),
)
_DOUBTFUL = (
    Truth("limits", ("max_connections", "pantrywatch_database_connections_limit"), "at most 24 of 97 are used"),
    Truth("limits", ("api", "container:api", "pantrywatch_container_memory_limit_bytes"), "at most half is used"),
    Truth("limits", ("maxmemory", "redis_memory_max_bytes", "redis_config_maxmemory"), "at most half is used"),
    Truth("pool-small", ("crm:8000", "application"), "full for a minute at noon, nobody waits"),
    Truth("cache-misses", ("organization:",), "one of seven look-ups misses"),
)


@dataclass(frozen=True, slots=True)
class Healthy:
    """How a healthy database is filled and used, and what is said of it in error or at most in doubt."""

    fill: Callable[[Postgres], None]
    near_misses: tuple[Truth, ...]
    doubtful: tuple[Truth, ...]


@contextmanager
def healthy(directory: Path, name: str) -> Iterator[Seeded]:
    """Yield one of `HEALTHY`, after a workload of some seconds."""
    chosen = HEALTHY[name]
    with crm_server(directory) as server:
        chosen.fill(server)
        yield Seeded(server, DBNAME, SERIES, near_misses=chosen.near_misses, doubtful=chosen.doubtful)


def _sales(server: Postgres) -> None:
    run_script(server, _HERE / "sales.sql")
    use(server, sales.WORKLOAD)


def _pgbench(server: Postgres) -> None:
    _run_pgbench(server, "--initialize", "--scale=1", "--quiet", "--foreign-keys")
    # Its own VACUUM ANALYZE comes before the counters of what its session has loaded.
    server.execute("VACUUM ANALYZE", "SELECT pg_stat_statements_reset()", dbname=DBNAME)
    # It vacuums its small tables first.
    _run_pgbench(server, "--transactions=700", "--client=2", "--random-seed=1", "--protocol=prepared")


def _run_pgbench(server: Postgres, *arguments: str) -> None:
    command = [str(postgres_bin() / "pgbench"), *arguments, application_dsn(server)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


# The name and what it is: at most one line of advice of its `doubtful` may come, which could be defended.
HEALTHY: dict[str, Healthy] = {
    "demo": Healthy(pantry.fill, near_misses=pantry.NEAR_MISSES, doubtful=(*_DOUBTFUL, *pantry.DOUBTFUL)),
    "pgbench": Healthy(
        _pgbench,
        near_misses=(
            *(Truth("create-index", (f"public.pgbench_{each}",), "a foreign key whose parent nobody deletes or joins")
              for each in ("history(aid)", "history(bid)", "history(tid)", "accounts(bid)", "tellers(bid)")),
            Truth("create-index", ("public.pgbench_tellers(tid)", "public.pgbench_branches(bid)"), "ten rows, and one"),
        ),
        doubtful=(
            *_DOUBTFUL,
            Truth("statement", ("UPDATE pgbench_branches",), "waits for the only row, by design"),
            Truth("vacuum-table", ("public.pgbench_branches",), "hundreds of dead rows for one, and yet a page or two"),
            Truth("analyze-table", ("public.pgbench_history",), "never analyzed, autovacuum will; 1,400 rows"),
        ),
    ),
    "crm": Healthy(_sales, near_misses=sales.NEAR_MISSES, doubtful=(*_DOUBTFUL, *sales.DOUBTFUL)),
}  # fmt: skip
