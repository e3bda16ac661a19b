"""`./run bench waits`: what it costs to sample the waits of 200 sessions each second; nothing is asserted.

CPU of the server process that answers the samples, and of the thread that takes them, at the real pace. The sessions:
three quarters idle, the rest in turn idle in transaction, sleeping and waiting for a lock.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg

from exporters.core.deadline import Deadline
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.queries import Query, read_queries
from exporters.database.session import Session
from tests.bench.pairs import cpu_seconds
from tests.support import servers

_PROCESS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pantrywatch'"


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="./run bench waits", description=__doc__)
    parser.add_argument("--sessions", type=int, default=200, help="sessions on the server (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=60, help="one each second (default: %(default)s)")
    options = parser.parse_args()
    query = next(query for query in read_queries() if query.sampled)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        limit = {"max_connections": str(options.sessions + 20)}
        server = stack.enter_context(servers.postgres(Path(name), options=limit))
        print(f"{'sessions':<24} {'server ms':>10} {'of a core':>10} {'sampler ms':>11}")
        _measure(server, query, "1", options.samples)
        server.execute("CREATE TABLE busy (id int)")
        pool = stack.enter_context(ThreadPoolExecutor(options.sessions))
        sessions = [
            stack.enter_context(psycopg.connect(server.dsn(), autocommit=True)) for _ in range(options.sessions)
        ]
        _occupy(sessions, pool)
        _measure(server, query, str(options.sessions), options.samples)
        for session in sessions:
            session.cancel()


def _occupy(sessions: list[psycopg.Connection[tuple[object, ...]]], pool: ThreadPoolExecutor) -> None:
    """Make every fourth session do something that lasts."""
    sessions[0].execute("BEGIN")
    sessions[0].execute("LOCK TABLE busy")
    for position, session in enumerate(sessions[4::4]):
        if position % 3 == 0:
            session.execute("BEGIN")
        else:
            pool.submit(session.execute, "SELECT pg_sleep(3600)" if position % 3 == 1 else "SELECT * FROM busy")


def _measure(server: servers.Postgres, query: Query, sessions: str, samples: int) -> None:
    session = Session(Dsn(Secret(server.dsn()), "dsn", "bench"), [query])
    session.ask(query, Deadline.after(10))
    watched = psutil.Process(int(str(server.value(_PROCESS))))
    before, own_before = cpu_seconds(watched), time.thread_time()
    for _ in range(samples):
        time.sleep(1.0)
        session.ask(query, Deadline.after(10))
    cost = (cpu_seconds(watched) - before) / samples
    own_cost = (time.thread_time() - own_before) / samples
    session.close()
    print(f"{sessions:<24} {cost * 1e3:>10.2f} {cost:>10.2%} {own_cost * 1e3:>11.2f}", flush=True)


if __name__ == "__main__":
    main()
