"""`./run bench statements`: how far the estimate of statements' durations is from the server's own log.

Several workloads, each for some windows. At the end of each window pg_stat_statements is read as the exporter reads it;
the truth is every duration that the server has logged meanwhile, but for BEGIN, COMMIT and the like, which the
extension does not time to their end: "and COMMIT" is the p95 with them. p95 is computed from the estimate's buckets as
Prometheus does. Nothing is asserted, and no number of the estimate is chosen by what comes out.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from demo.traffic.representative import Representative
from exporters.core.deadline import Deadline
from exporters.core.exposition import HistogramFamily, HistogramSample
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.families import Presenter
from exporters.database.queries import read_queries
from exporters.database.session import Session
from tests.integration.database.conftest import ROLE_SCRIPT
from tests.integration.demo.installation import running
from tests.support import servers

_ROLE = "pantrywatch"
_EDGE = 0.1
_OPTIONS = {
    "shared_preload_libraries": "pg_stat_statements",
    "log_min_duration_statement": "0",
    "log_destination": "jsonlog",
    "logging_collector": "on",
    "log_rotation_size": "0",
    "max_connections": "60",
    "fsync": "on",
    "shared_buffers": "64MB",
}
# Of an extended query, only its execution is what pg_stat_statements counts.
_DURATION = re.compile(r"duration: ([0-9.]+) ms  (?:statement|execute [^:]*): *(\w*)")
_OF_TRANSACTIONS = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SET", "DISCARD"}
# One statement each: Pareto with a mean of 3 ms and a tail without a variance; 3 % and 10 % of the executions slow.
_HEAVY = "\\set r random(1, 1000000)\nSELECT pg_sleep(least(2, 0.001 * pow(:r / 1000000.0, -1 / 1.5)));\n"
_BIMODAL = "\\set r random(1, 100)\nSELECT pg_sleep(CASE WHEN :r <= {share} THEN 0.15 ELSE 0.001 END);\n"


@dataclass(frozen=True, slots=True)
class _Window:
    logged: list[tuple[str, float]]
    estimate: HistogramSample

    @property
    def times(self) -> list[float]:
        return [seconds for command, seconds in self.logged if command not in _OF_TRANSACTIONS]

    def true_p95(self) -> float:
        return _p95(self.times)

    def p95_of_all(self) -> float:
        return _p95([seconds for _, seconds in self.logged])

    def estimated_p95(self) -> float:
        """Return what histogram_quantile would."""
        rank, below, lower = 0.95 * self.estimate.count, 0.0, 0.0
        for edge, count in self.estimate.buckets:
            if count >= rank:
                return lower + (edge - lower) * (rank - below) / (count - below)
            below, lower = count, edge
        return lower

    def true_share(self) -> float:
        return sum(time <= _EDGE for time in self.times) / len(self.times)

    def estimated_share(self) -> float:
        return dict(self.estimate.buckets)[_EDGE] / self.estimate.count

    def error(self) -> float:
        return self.estimated_p95() / self.true_p95() - 1


class _Bench:
    """A server that logs each statement, and the estimate as the exporter makes it."""

    def __init__(self, server: servers.Postgres) -> None:
        self.server = server
        query = next(query for query in read_queries() if query.durations)
        self._query = query
        self._session = Session(Dsn(Secret(server.dsn(user=_ROLE)), "dsn", "bench"), [query])
        self._presenter = Presenter(query, "bench")

    def windows(
        self, workload: Callable[[], AbstractContextManager[None]], count: int, seconds: float
    ) -> list[_Window]:
        """Run a workload, and return what was logged and estimated in each window."""
        with workload():
            time.sleep(2)  # it has begun
            (log,) = (self.server.data / "log").glob("*.json")
            start = log.stat().st_size
            samples = [self._read()]
            for _ in range(count):
                time.sleep(seconds)
                samples.append(self._read())
        return list(map(_Window, _times(log, start)[1 : count + 1], map(_since, samples, samples[1:])))

    def close(self) -> None:
        self._session.close()

    def _read(self) -> HistogramSample:
        answer = self._session.ask(self._query, Deadline.after(10))
        (family,) = (one for one in self._presenter.families(answer.rows) if isinstance(one, HistogramFamily))
        return family.samples[0]


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, -(-95 * len(times) // 100) - 1)]


def _since(before: HistogramSample, now: HistogramSample) -> HistogramSample:
    buckets = [(edge, count - earlier) for (edge, count), (_, earlier) in zip(now.buckets, before.buckets, strict=True)]
    return HistogramSample((), buckets, now.count - before.count, now.sum - before.sum)


def _times(log: Path, start: int) -> list[list[tuple[str, float]]]:
    """Return commands and durations in seconds between the exporter's reads, which are in the log themselves."""
    time.sleep(1)  # what writes the log has written it
    windows: list[list[tuple[str, float]]] = [[]]
    with log.open("rb") as lines:
        lines.seek(max(0, start - 1))
        lines.readline()  # the rest of one that was being written
        for line in lines:
            entry = json.loads(line)
            found = _DURATION.match(entry.get("message", ""))
            if entry.get("user") == _ROLE:
                if found and "pg_stat_statements(false)" in entry["message"]:
                    windows.append([])
            elif found:
                windows[-1].append((found[2].upper(), float(found[1]) / 1000))
    return windows


@contextmanager
def _pgbench(
    server: servers.Postgres, directory: Path, *arguments: str, script: str = "", scale: int = 5
) -> Iterator[None]:
    """Clients that prepare their statements, as applications' drivers do."""
    program = str(servers.postgres_bin() / "pgbench")
    if not script:
        fill = [program, "-i", "-q", "-s", str(scale), server.dsn("bench")]
        subprocess.run(fill, check=True, capture_output=True)
    if script:
        (directory / "script.sql").write_text(script)
        arguments = (*arguments, "-f", str(directory / "script.sql"))
    command = [program, "-n", "-T", "600", "-M", "prepared", *arguments, server.dsn("bench")]
    with servers.process(command, directory / "pgbench.log"):
        yield


@contextmanager
def _demo(server: servers.Postgres, directory: Path) -> Iterator[None]:
    """The demo's API, used by eight representatives without a pause but a moment."""
    directory = directory / "demo"
    directory.mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(servers.redis_server(directory / "redis"))
        installation = stack.enter_context(running(directory, server, redis))
        ended = threading.Event()
        pool = stack.enter_context(ThreadPoolExecutor(8))
        stack.callback(ended.set)
        for number in range(1, 9):
            pool.submit(_act, Representative(number, installation.url), ended)
        time.sleep(5)  # all are logged in
        yield


def _act(representative: Representative, ended: threading.Event) -> None:
    while not ended.wait(0.1):
        representative.act()


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="./run bench statements", description=__doc__)
    parser.add_argument("--windows", type=int, default=4, help="windows of each workload (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="seconds a window (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        directory = Path(name)
        directory.chmod(0o755)
        server = stack.enter_context(servers.postgres(directory / "server", options=_OPTIONS))
        server.execute(
            ROLE_SCRIPT.read_text(), f"ALTER ROLE {_ROLE} PASSWORD '{servers.PASSWORD}'",
            "CREATE EXTENSION pg_stat_statements", "CREATE DATABASE bench",
        )  # fmt: skip
        bench = _Bench(server)
        stack.callback(bench.close)
        workloads: dict[str, Callable[[], AbstractContextManager[None]]] = {
            "pgbench, 12 on scale 1": lambda: _pgbench(server, directory, "-c", "12", scale=1),
            "pgbench, 200 a second": lambda: _pgbench(server, directory, "-c", "4", "-R", "200"),
            "pgbench, reads": lambda: _pgbench(server, directory, "-c", "4", "-R", "800", "-S"),
            "demo": lambda: _demo(server, directory),
            "heavy-tailed": lambda: _pgbench(server, directory, "-c", "8", script=_HEAVY),
            "bimodal, 3 % slow": lambda: _pgbench(server, directory, "-c", "8", script=_BIMODAL.format(share=3)),
            "bimodal, 10 % slow": lambda: _pgbench(server, directory, "-c", "8", script=_BIMODAL.format(share=10)),
        }
        print(
            f"{'workload':<23} {'a window':>9} {'and COMMIT':>10} {'p95 log':>9} {'estimate':>9} {'error':>7} "
            f"{'too high':>9} {'<= 0.1 s':>9} {'estimate':>9} {'points':>7}"
        )
        for label, workload in workloads.items():
            print(_row(label, bench.windows(workload, options.windows, options.seconds)), flush=True)


def _row(label: str, windows: Sequence[_Window]) -> str:
    """Return medians over the windows; times in milliseconds, error of p95 without its sign."""
    too_high = sum(window.error() > 0 for window in windows)
    points = [100 * abs(window.estimated_share() - window.true_share()) for window in windows]
    return (
        f"{label:<23} {median(len(window.times) for window in windows):>9.0f} "
        f"{1000 * median(window.p95_of_all() for window in windows):>10.3f} "
        f"{1000 * median(window.true_p95() for window in windows):>9.3f} "
        f"{1000 * median(window.estimated_p95() for window in windows):>9.3f} "
        f"{median(abs(window.error()) for window in windows):>7.0%} {f'{too_high} of {len(windows)}':>9} "
        f"{median(window.true_share() for window in windows):>9.2%} "
        f"{median(window.estimated_share() for window in windows):>9.2%} {max(points):>7.2f}"
    )


if __name__ == "__main__":
    main()
