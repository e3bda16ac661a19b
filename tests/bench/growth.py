"""`./run bench growth`: how what an exporter costs grows with what it watches, next to its current Go peer.

Tables and databases of a PostgreSQL server, keys of a Redis server, processes of this machine, and checks. At each size
both exporters are started, run for an interval of 15 s that does not count, and are measured for the next ones, with
one scrape in each: CPU from the processes' own clocks, and resident memory. Of checks also what a line of the page
costs, at two sizes side by side. With `--write` the curves replace
docs/growth.svg and the tables those in docs/benchmark.md. A size that is not ready in time is left out, and said.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from tests.bench.growth_plot import Curve, Subject, plot
from tests.bench.idle import COVERAGE, machine, write_part
from tests.bench.pairs import PROGRAMS, Watched, cpu_seconds, use_compiled_modules, watched_servers
from tests.bench.scrape import get
from tests.support import servers
from tests.support.debian import unpacked_of_testing
from tests.support.exporter import ROOT, exporter

_HEADING = "# How the costs grow\n"
_PLOT = ROOT / "docs/growth.svg"
_INTERVAL_SECONDS = 15.0
_MOST_SECONDS = 120.0  # for making a size; what is slower is left out
_SIZES = {
    "tables": (60, 2_000, 10_000),
    "databases": (1, 50, 300),
    "keys": (1_000, 1_000_000),
    "processes": (0, 500, 2_000),
    "checks": (5, 200, 1_000),
}
_PAGES = (100, 1_000)  # checks whose pages are compared
_SCRAPES = 20
_EXPORTERS = {"tables": "database", "databases": "database", "keys": "cache", "processes": "host"}
_Cost = tuple[float, float]  # CPU ms in 15 s, resident memory in MB


def main() -> None:
    """Run the benchmark; print its tables."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as name:
        folder = Path(name)
        use_compiled_modules(folder)
        programs = options.programs or unpacked_of_testing(folder, list(PROGRAMS.values()))
        subjects = [_subject(folder / subject, subject, programs, options.intervals) for subject in options.only]
        lines = _line_costs(folder / "pages") if "checks" in options.only else {}
    text = "\n".join([*_report(subjects, options.intervals), *_report_lines(lines)]) + "\n"
    sys.stdout.write(text)
    if options.write:
        _PLOT.write_text(plot(subjects), encoding="utf-8")
        write_part(_HEADING, text)


def _subject(folder: Path, name: str, programs: Path, intervals: int) -> Subject:
    """Measure a subject at each of its sizes, on servers of its own."""
    folder.mkdir()
    points: dict[str, list[tuple[float, float, float]]] = {}
    with ExitStack() as stack:
        watched = watched_servers(folder, stack) if name != "checks" else None
        for size in _SIZES[name]:
            with ExitStack() as of_size:
                if watched is not None and not _grow(watched, name, size, of_size):
                    print(f"{name}: {size:,} were not there after {_MOST_SECONDS:.0f} s: left out", file=sys.stderr)
                    break
                urls = _pair(watched, name, programs, of_size) if watched else _checks(folder, size, of_size)
                for one, (cpu, memory) in _costs(urls, intervals).items():
                    points.setdefault(one, []).append((size, cpu, memory))
                    print(f"{size:,} {name}, {one}: {cpu:.1f} ms, {memory:.1f} MB", file=sys.stderr)
    return Subject(name, [Curve(one, found) for one, found in points.items()])


_Candidates = dict[str, tuple[str, psutil.Process]]


def _pair(watched: Watched, name: str, programs: Path, stack: ExitStack) -> _Candidates:
    """Start the exporter and its peer, and return the URL and the process of each by name."""
    kind = _EXPORTERS[name]
    own = stack.enter_context(watched.sidecar(kind))
    peer = stack.enter_context(watched.peer(kind, programs, COVERAGE[kind], "/"))
    return {
        "pantrywatch": (f"http://127.0.0.1:{own.port}/metrics/{kind}", own.process),
        PROGRAMS[kind].removeprefix("prometheus-"): (peer.url, peer.process),
    }


def _checks(folder: Path, size: int, stack: ExitStack) -> _Candidates:
    """Start an exporter with so many checks, of a port that accepts."""
    port = stack.enter_context(_accepting())
    checks = "".join(f"    - {{name: check{n}, kind: tcp, address: '127.0.0.1:{port}'}}\n" for n in range(size))
    settings = f"environment: bench\nsynthetic:\n  checks:\n{checks}"
    own = stack.enter_context(exporter(folder / str(size), settings, ["synthetic"]))
    return {"pantrywatch": (f"http://127.0.0.1:{own.port}/metrics/synthetic", own.process)}


def _line_costs(folder: Path) -> dict[int, float]:
    """Return the CPU of a line of the page by size, in microseconds, without that of the runs; scraped in turns."""
    with ExitStack() as stack:
        exporters = {size: _checks(folder, size, stack)["pantrywatch"] for size in _PAGES}
        time.sleep(2 * _INTERVAL_SECONDS)  # all have run
        begun = {size: cpu_seconds(process) for size, (_, process) in exporters.items()}
        time.sleep(_INTERVAL_SECONDS)
        runs = {size: (cpu_seconds(one[1]) - begun[size]) / _INTERVAL_SECONDS for size, one in exporters.items()}
        spent, lines = dict.fromkeys(_PAGES, 0.0), dict.fromkeys(_PAGES, 0)
        for _ in range(_SCRAPES):
            for size, (url, process) in exporters.items():
                cpu, start = cpu_seconds(process), time.monotonic()
                _, body = get(url, 30.0)
                spent[size] += cpu_seconds(process) - cpu - runs[size] * (time.monotonic() - start)
                lines[size] += body.count(b"\n")
    return {size: spent[size] / lines[size] * 1e6 for size in _PAGES}


class _Accepting(socketserver.TCPServer):
    request_queue_size = 1024


@contextmanager
def _accepting() -> Iterator[int]:
    with _Accepting(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def _costs(candidates: _Candidates, intervals: int) -> dict[str, _Cost]:
    """Return the CPU of an interval with one scrape in it, and the memory at the end; the first one does not count."""
    begun: dict[str, float] = {}
    for position in range(intervals + 1):
        end = time.monotonic() + _INTERVAL_SECONDS
        if position == 1:
            begun = {name: cpu_seconds(process) for name, (_, process) in candidates.items()}
        for url, _ in candidates.values():
            get(url)
        time.sleep(max(0.0, end - time.monotonic()))
    return {
        name: ((cpu_seconds(process) - begun[name]) / intervals * 1e3, process.memory_info().rss / 1e6)
        for name, (_, process) in candidates.items()
    }


def _grow(watched: Watched, name: str, size: int, stack: ExitStack) -> bool:
    """Bring what is watched to this size; return whether there was time for all of it."""
    end = time.monotonic() + _MOST_SECONDS
    if name == "processes":
        stack.callback(_end, sleeping := [subprocess.Popen(["sleep", "3600"]) for _ in range(size)])
        return len(sleeping) == size
    if name == "keys":
        with watched.redis.client() as client:
            client.flushall()
            for begin in range(1, size, _KEYS_AT_ONCE):
                client.eval(_SET, 0, begin, min(begin + _KEYS_AT_ONCE - 1, size))
        return True
    return _grow_database(watched.postgres, name, size, end)


def _grow_database(postgres: servers.Postgres, name: str, size: int, end: float) -> bool:
    """Create what is missing, a batch at a time: tables in `crm`, which is itself the first database."""
    one, catalog, step = (_TABLE, "pg_class WHERE relname ~ '^t[0-9]+$'", 100)
    if name == "databases":
        one, catalog, step = ("CREATE DATABASE d{0}", "pg_database WHERE datname ~ '^(crm|d[0-9]+)$'", 1)
    there = int(str(postgres.value(f"SELECT count(*) FROM {catalog}", dbname="crm")))  # noqa: S608 - ours
    for begin in range(there, size, step):
        if time.monotonic() > end:
            return False
        postgres.execute("; ".join(one.format(n) for n in range(begin, min(begin + step, size))), dbname="crm")
    return True


_KEYS_AT_ONCE = 50_000
_SET = "for n = ARGV[1], ARGV[2] do redis.call('SET', 'key:' .. n, 'x') end"
_TABLE = "CREATE TABLE t{0} (a int PRIMARY KEY, b int, c text); CREATE INDEX ON t{0} (b); CREATE INDEX ON t{0} (c)"


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for one in processes:
        one.terminate()
    for one in processes:
        one.wait()


def _report(subjects: Sequence[Subject], intervals: int) -> Iterator[str]:
    yield _HEADING
    yield f"`./run bench growth`, on {machine()}; over {intervals * 15} s with a scrape every 15 s."
    yield "Peers from Debian testing, with their optional collectors of what pantrywatch measures too.\n"
    yield "![CPU and memory by tables, databases, keys, processes and checks](growth.svg)\n"
    yield "| what is watched | exporter | CPU in 15 s ms | RSS MB |"
    yield "|---|---|---|---|"
    for subject in subjects:
        for size in sorted({point[0] for curve in subject.curves for point in curve.points}):
            for curve in subject.curves:
                for point in curve.points:
                    if point[0] == size:
                        yield f"| {subject.name}: {size:,} | {curve.name} | {point[1]:,.1f} | {point[2]:.1f} |"


def _report_lines(costs: Mapping[int, float]) -> Iterator[str]:
    if costs:
        few, many = costs.items()
        times = many[1] / few[1]
        yield f"\nA line of the page of {many[0]:,} checks takes {times:.2f} times the CPU of one of {few[0]}:"
        yield f"{many[1]:.1f} and {few[1]:.1f} µs, with the request, in {_SCRAPES} scrapes of each in turns."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench growth", description=__doc__)
    parser.add_argument("--intervals", type=int, default=4, help="of 15 s, at each size (default: %(default)s)")
    parser.add_argument("--programs", type=Path, metavar="DIR", help="the peers' folder, instead of Debian testing's")
    parser.add_argument("--only", choices=list(_SIZES), nargs="+", default=list(_SIZES), help="some of the subjects")
    parser.add_argument("--write", action="store_true", help="replace the plot and the tables in docs/")
    return parser.parse_args()


if __name__ == "__main__":
    main()
