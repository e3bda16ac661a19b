"""`./run bench idle`: what an exporter costs all day, next to its current Go peer on the same server.

All CPU in 15 s with one scrape in it (scrape, background work and idling), CPU from the start of the process until its
first answer, and memory. All run at the same time, so that they share the machine's noise; the peers are Debian
testing's, with the optional collectors that pantrywatch has too. They are compared on the families that both serve
(coverage.yaml), with what pantrywatch alone measures switched off; if one is missing on either side, nothing is
measured. CPU is read from the processes' own clocks. With `--write`, the table replaces the one in
docs/benchmark.md. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from tests.bench.coverage import Coverage, families, read, record
from tests.bench.pairs import NAMES, PROGRAMS, Watched, cpu_seconds, use_compiled_modules, watched_servers
from tests.bench.scrape import get
from tests.support.debian import run, unpacked_of_testing
from tests.support.exporter import ROOT

_PAGE = ROOT / "docs/benchmark.md"
_HEADING = "# What an exporter costs all day\n"
_INTERVAL_SECONDS = 15.0
# What pantrywatch measures and the peer does not without being asked to.
COVERAGE = {
    "database": tuple(
        f"--collector.{name}"
        for name in (
            "stat_statements", "statio_user_indexes", "long_running_transactions", "stat_activity_autovacuum",
            "xlog_location", "process_idle", "database_wraparound", "postmaster", "stat_checkpointer",
            "stat_wal_receiver",
        )
    ),
    "cache": (),
    "host": ("--collector.processes",),
}  # fmt: skip


@dataclass(slots=True)
class _Candidate:
    """A running exporter, and what was measured of it."""

    name: str
    url: str
    process: psutil.Process
    scrapes: list[float] = field(default_factory=list)
    intervals: list[float] = field(default_factory=list)
    page: bytes = b""

    def scrape(self) -> None:
        before = cpu_seconds(self.process)
        status, body = get(self.url)
        assert status == 200
        self.scrapes.append(cpu_seconds(self.process) - before)
        self.page = body

    def series(self) -> int:
        return sum(1 for line in self.page.splitlines() if line and not line.startswith(b"#"))

    def cost(self) -> float:
        return statistics.median(self.intervals)

    def row(self, start: float | None, other: _Candidate | None = None) -> str:
        """Return the line of the table; with a peer, how many times its CPU this one takes."""
        memory = self.process.memory_full_info()
        ratio = f"{self.cost() / other.cost():.2f}" if other else ""
        started = "" if start is None else f"{start * 1e3:.0f}"
        return (
            f"| {self.name} | {self.series()} | {statistics.median(self.scrapes) * 1e3:.1f} | {self.cost() * 1e3:.1f} "
            f"| {ratio} | {started} | {memory.rss / 1e6:.1f} | {memory.uss / 1e6:.1f} |"
        )


def main() -> None:
    """Run the benchmark and print its table."""
    options = _options()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        use_compiled_modules(folder)
        programs = options.programs or unpacked_of_testing(folder, list(PROGRAMS.values()))
        watched = watched_servers(folder, stack)
        coverages = read()
        starts = _starts(watched, programs, options.exporters, options.starts)
        pairs = [_pair(watched, programs, stack, name, coverages[name]) for name in options.exporters]
        whole = [_whole(watched, stack, name) for name in options.exporters if coverages[name].without]
        candidates = [*(candidate for pair in pairs for candidate in pair), *whole]
        _measure(candidates, 0)
        if options.record:
            _record(coverages, dict(zip(options.exporters, pairs, strict=True)))
            return
        _require_coverage(coverages, dict(zip(options.exporters, pairs, strict=True)))
        _measure(candidates, options.intervals)
        lines = list(_report(pairs, whole, starts, programs, options))
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.write:
        write_part(_HEADING, text)


_Pair = tuple[_Candidate, _Candidate]


def _pair(watched: Watched, programs: Path, stack: ExitStack, name: str, coverage: Coverage) -> _Pair:
    own = stack.enter_context(watched.sidecar(name, without=coverage.without))
    other = stack.enter_context(watched.peer(name, programs, COVERAGE[name]))
    return (
        _Candidate(f"pantrywatch: {name}", f"http://127.0.0.1:{own.port}/metrics/{name}", own.process),
        _Candidate(f"{PROGRAMS[name].removeprefix('prometheus-')}", other.url, other.process),
    )


def _whole(watched: Watched, stack: ExitStack, name: str) -> _Candidate:
    running = stack.enter_context(watched.sidecar(name))
    return _Candidate(
        f"the same with all that it measures: {name}",
        f"http://127.0.0.1:{running.port}/metrics/{name}",
        running.process,
    )


def _record(coverages: dict[str, Coverage], pairs: dict[str, _Pair]) -> None:
    for name, (own, other) in pairs.items():
        coverages[name] = replace(coverages[name], families=families(own.page) & families(other.page))
    record(coverages)


def _require_coverage(coverages: dict[str, Coverage], pairs: dict[str, _Pair]) -> None:
    """Exit, naming what one side lacks: what the two cost would not be for the same."""
    lost = {name: coverages[name].lost(one.page for one in pair) for name, pair in pairs.items()}
    said = [f"{name}: {', '.join(names)}" for name, names in lost.items() if names]
    if said:
        sys.exit("not compared, as one side lacks families of tests/bench/coverage.yaml:\n" + "\n".join(said))


def _measure(candidates: list[_Candidate], intervals: int) -> None:
    """Scrape each once in every interval, the first of which does not count; after it, all background work was done."""
    for position in range(intervals + 1):
        end = time.monotonic() + _INTERVAL_SECONDS
        before = [cpu_seconds(candidate.process) for candidate in candidates]
        for candidate in candidates:
            candidate.scrape()
        time.sleep(max(0.0, end - time.monotonic()))
        for candidate, cpu in zip(candidates, before, strict=True):
            candidate.intervals.append(cpu_seconds(candidate.process) - cpu)
        if not position:
            for candidate in candidates:
                candidate.scrapes.clear()
                candidate.intervals.clear()


def _starts(watched: Watched, programs: Path, names: list[str], times: int) -> dict[str, float]:
    """Return the CPU seconds until the first answer, in alternating rounds; `python`: of an idle interpreter."""
    started: dict[str, Callable[[], float]] = {"python": _bare_python}
    for name in names:
        started[f"own {name}"] = lambda name=name: _cpu_at_start(watched.sidecar(name))
        started[f"peer {name}"] = lambda name=name: _cpu_at_start(watched.peer(name, programs, COVERAGE[name], "/"))
    found: dict[str, list[float]] = {what: [] for what in started}
    for seconds in started.values():
        seconds()  # which compiles
    for _ in range(times):
        for what, seconds in started.items():
            found[what].append(seconds())
    return {what: statistics.median(seconds) for what, seconds in found.items()}


def _cpu_at_start(running: AbstractContextManager[object]) -> float:
    with running as started:
        process: psutil.Process = started.process  # type: ignore[attr-defined]
        return cpu_seconds(process)


def _bare_python() -> float:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
    return usage.ru_utime + usage.ru_stime


def _report(
    pairs: list[_Pair], whole: list[_Candidate], starts: dict[str, float], programs: Path, options: argparse.Namespace
) -> Iterator[str]:
    yield from (_HEADING, f"`./run bench idle`, on {machine()}.")
    yield f"Medians of {options.intervals} intervals of 15 s with one scrape each, and of {options.starts} starts."
    yield "Peers from Debian testing, with their optional collectors of what pantrywatch measures too:"
    yield ", ".join(_version(programs / PROGRAMS[name]) for name in options.exporters) + "."
    yield "Served, apart from families about the exporter itself and each setting of PostgreSQL:\n"
    for name, (own, other) in zip(options.exporters, pairs, strict=True):
        mine, theirs = families(own.page), families(other.page)
        alone = [name for name in theirs - mine if not name.startswith("pg_settings_")]
        counts = f"{len(mine & theirs)} families by both, {len(mine - theirs)} by pantrywatch alone"
        yield f"- {name}: {counts}, {len(alone)} by the peer alone"
    yield "\nWhat pantrywatch alone measures of a database, such as waits, is off where it is compared"
    yield "(tests/bench/coverage.yaml). The host has its process groups, next to node_exporter's processes."
    yield "Modules are compiled, as after any first start; an interpreter that only starts takes"
    yield f"{starts['python'] * 1e3:.0f} ms of CPU.\n"
    columns = (
        "exporter", "series", "CPU of a scrape ms", "all CPU in 15 s ms", "of the peer's",
        "CPU until the first answer ms", "RSS MB", "private MB",
    )  # fmt: skip
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for name, (own, other) in zip(options.exporters, pairs, strict=True):
        yield own.row(starts[f"own {name}"], other)
        yield other.row(starts[f"peer {name}"])
    for one in whole:
        yield one.row(None)
    own_memory, other_memory = (sum(pair[side].process.memory_info().rss for pair in pairs) / 1e6 for side in (0, 1))
    yield f"\nTogether, the sidecars take {own_memory:.0f} MB of resident memory, the peers {other_memory:.0f} MB."


def machine() -> str:
    """Return what the benchmark ran on, as part of a sentence."""
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0]
    return f"{cores} cores ({platform.machine()}, Python {platform.python_version()}), load average {load:.1f}"


def _version(program: Path) -> str:
    name = program.name.removeprefix("prometheus-")
    text = run(["sh", "-c", 'exec "$0" --version 2>&1', str(program)])
    return f"{name} {next(word for word in text.replace(',', ' ').split() if word[:1].isdigit() and '.' in word)}"


def write_part(heading: str, text: str) -> None:
    """Replace a benchmark's part of docs/benchmark.md, or put it at the end."""
    before, _, rest = _PAGE.read_text().partition(heading)
    _, _, after = rest.partition("\n# ")
    _PAGE.write_text(before.rstrip("\n") + "\n\n" + text + (f"\n# {after}" if after else ""))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench idle", description=__doc__)
    parser.add_argument("--intervals", type=int, default=8, help="of 15 s (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="of each (default: %(default)s)")
    parser.add_argument("--programs", type=Path, metavar="DIR", help="the peers' folder, instead of Debian testing's")
    parser.add_argument("--write", action="store_true", help="replace the table in docs/benchmark.md")
    parser.add_argument("--record", action="store_true", help="write coverage.yaml from what both serve now")
    parser.add_argument(
        "--only", choices=NAMES, dest="exporters", action="append", help="one of the exporters; repeatable"
    )
    options = parser.parse_args()
    options.exporters = options.exporters or list(NAMES)
    return options


if __name__ == "__main__":
    main()
