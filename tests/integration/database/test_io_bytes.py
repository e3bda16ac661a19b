"""How many bytes PostgreSQL reads and writes, over a change of what it counts, each version a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.core.deadline import Deadline
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.queries import Query, read_queries
from exporters.database.session import Session
from tests.support import postgres_versions, servers

QUERY = next(query for query in read_queries() if query.name == "stat_io")
NAMES = tuple(f"pg_stat_io_{name}_bytes_total" for name in ("extend", "write", "read"))
_READ = NAMES[-1]
_BUFFERS = 1 << 20


def _bytes(server: servers.Postgres, query: Query, major: int) -> dict[str, float]:
    """Return the sum over all kinds of process, by metric."""
    session = Session(Dsn(Secret(server.dsn()), "dsn", "test"), [query])
    rows = session.ask(query, Deadline.after(20)).rows
    session.close()
    metrics = [metric.name for metric in query.metrics_of(major)]
    return {name: sum(values[metrics.index(name)] or 0 for _, values in rows) for name in NAMES}


@pytest.mark.long
@pytest.mark.parametrize("major", [major for major in postgres_versions.MAJORS if major >= QUERY.since])
def test_bytes_mean_the_same_in_every_version(major: int, tmp_path: Path) -> None:
    """A table 32 times the buffers, written once and read once: extended, written and read by its size each."""
    binaries, environment = postgres_versions.binaries(major), postgres_versions.environment(major)
    options = {"shared_buffers": "1MB", "autovacuum": "off"}
    with servers.postgres(tmp_path / "server", binaries, options, environment) as server:
        before = _bytes(server, QUERY, major)
        server.execute("CREATE TABLE filled AS SELECT n, repeat('x', 1000) AS text FROM generate_series(1, 28000) AS n")
        server.execute("CHECKPOINT")
        size = server.value("SELECT pg_relation_size('filled')")
        assert isinstance(size, int)
        assert size >= 31 * _BUFFERS

        def grown(name: str) -> float:
            return _bytes(server, QUERY, major)[name] - before[name]

        def is_counted(name: str) -> bool:
            return size - _BUFFERS <= grown(name) <= 1.25 * size + _BUFFERS

        # Reading marks rows as committed, which writes the blocks again: read last.
        for name in NAMES:
            if name == _READ:
                server.execute("SELECT sum(n) FROM filled")
            servers.wait_until(lambda name=name: is_counted(name), 20, f"{name} is the size")
