"""`./run bench start`: what a second `./run up` and a sidecar take until they answer.

Of `up`: seconds until every exporter and the application have answered a direct scrape with success, and until all
targets are up in Prometheus, which spreads first scrapes over 15 s; the CPU that each component has taken by then,
which depends less on what else the machine does. Of a sidecar: CPU until its port is open, and which packages take it.
All with compiled modules, as after any first start. With `--write`, the tables replace those in docs/benchmark.md.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from pantrywatch.native.console import UP_MESSAGE
from pantrywatch.native.state_dir import State
from pantrywatch.native.supervisor import Supervisor
from tests.bench.idle import machine, write_part
from tests.bench.pairs import NAMES, cpu_seconds, tree_cpu_seconds, use_compiled_modules
from tests.e2e.stack import START_SECONDS, Stack, free_offset, started
from tests.support.exporter import ROOT
from tests.support.servers import free_port, process

_HEADING = "# What a start takes\n"
_ANSWERS = "every exporter and the application answer"
_OTHERS = "`up` itself, with what it runs first"
_LOOK_SECONDS = 0.05
_PORT_LOOK_SECONDS = 0.002
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w-]+)")
_LARGEST = 5


@dataclass(frozen=True, slots=True)
class _Start:
    """One start of a stack; `components`: name → seconds until it was started, and its CPU until the answers."""

    answers: float
    up: float
    components: dict[str, tuple[float, float]]


def main() -> None:
    """Run the benchmark and print its tables."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as name:
        use_compiled_modules(Path(name))
        lines = [_HEADING, f"`./run bench start`, on {machine()}, with compiled modules.\n"]
        lines += _sidecars(Path(name), options.starts)
        if options.times:
            lines += _stacks(Path(name) / "state", options.times)
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.write:
        write_part(_HEADING, text)


def _stacks(state: Path, times: int) -> Iterator[str]:
    """Yield the tables of `up`; a first start, which fills the demo's database and compiles, does not count."""
    _start(state)
    starts = [_start(state) for _ in range(times)]
    load = os.getloadavg()[0]
    yield f"\nA second `./run up` of the demo, {times} times, load average {load:.1f} at the end:\n"
    yield "| until | seconds, median | each |"
    yield "|---|---|---|"
    for until, seconds in (
        ("every exporter and the application have answered with success", [one.answers for one in starts]),
        ("`up == 1` for all targets in Prometheus", [one.up for one in starts]),
    ):
        each = ", ".join(f"{one:.1f}" for one in seconds)
        yield f"| {until} | {statistics.median(seconds):.1f} | {each} |"
    yield "\n| component | started after s | CPU until all have answered ms |"
    yield "|---|---|---|"
    rows = {name: tuple(_medians(starts, name)) for name in starts[-1].components}
    for name, (after, cpu) in sorted(rows.items(), key=lambda row: row[1]):
        yield f"| {name} | {after:.1f} | {cpu * 1e3:.0f} |"
    yield f"| together | | {sum(cpu for _, cpu in rows.values()) * 1e3:.0f} |"


def _medians(starts: list[_Start], name: str) -> Iterator[float]:
    for column in (0, 1):
        yield statistics.median(one.components.get(name, (0.0, 0.0))[column] for one in starts)


def _start(state: Path) -> _Start:
    begin = time.time()
    with started(state, free_offset()) as stack:
        answers = _when(stack, _ANSWERS) - begin
        components = _components(stack, begin)
        return _Start(answers, _when(stack, UP_MESSAGE) - begin, components)


def _when(stack: Stack, text: str) -> float:
    """Return when `up` has printed a text (Unix time)."""
    deadline = time.monotonic() + START_SECONDS
    while text not in stack.text():
        assert stack.process.poll() is None, f"up ended:\n{stack.text()}"
        assert time.monotonic() < deadline, f"not up:\n{stack.text()}"
        time.sleep(_LOOK_SECONDS)
    return time.time()


def _components(stack: Stack, begin: float) -> dict[str, tuple[float, float]]:
    state = State(stack.state)
    of_up = psutil.Process(stack.process.pid)
    ended = of_up.cpu_times()
    found = {_OTHERS: (0.0, cpu_seconds(of_up) + ended.children_user + ended.children_system)}
    daemon = psutil.Process(int(state.file("run/supervisord.pid").read_text()))
    found["supervisord"] = (daemon.create_time() - begin, cpu_seconds(daemon))
    for one in Supervisor(state).components():
        if one.pid:
            found[one.name] = (one.started_at - begin, tree_cpu_seconds(one.pid))
    return found


def _sidecars(folder: Path, starts: int) -> Iterator[str]:
    """Yield the table of CPU until a sidecar's port is open: medians, the first start of each does not count."""
    taken: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(starts + 1):
        for name, seconds in taken.items():
            seconds.append(_cpu_until_open(folder, name))
    python = statistics.median(_cpu_of([sys.executable, "-c", "pass"]) for _ in range(starts))
    yield f"CPU until a sidecar's port is open, {starts} starts each; of an interpreter alone {python * 1e3:.0f} ms:\n"
    yield "| sidecar | median ms | best ms | times the interpreter's | largest imports, ms in one start |"
    yield "|---|---|---|---|---|"
    for name, seconds in taken.items():
        counted = seconds[1:]
        largest = ", ".join(f"{package} {ms:.0f}" for package, ms in _imports(folder, name))
        median = statistics.median(counted)
        yield f"| {name} | {median * 1e3:.0f} | {min(counted) * 1e3:.0f} | {median / python:.1f} | {largest} |"


def _command(folder: Path, name: str, port: int, *options: str) -> list[str]:
    """Return the command line of a sidecar; its server need not be there, as it is asked after the port is open."""
    (folder / "dsn").write_text("postgresql://bench@127.0.0.1:1/bench")
    (folder / "url").write_text("redis://127.0.0.1:1/0")
    section = {
        "database": f"database: [{{name: one, dsn_file: '{folder}/dsn'}}]\n",
        "cache": f"cache: [{{name: one, url_file: '{folder}/url'}}]\n",
        "host": "host: {name: local}\n",
    }[name]
    settings = folder / f"{name}.yaml"
    settings.write_text(f"environment: bench\n{section}")
    command = [sys.executable, *options, "-m", "exporters", "--settings", str(settings), "serve", name]
    return [*command, "--listen", f"127.0.0.1:{port}"]


def _cpu_until_open(folder: Path, name: str) -> float:
    port = free_port()
    environment = {"PYTHONPATH": str(ROOT)}
    with process(_command(folder, name, port), folder / f"{name}.log", environment=environment) as child:
        watched = psutil.Process(child.pid)
        while not _is_open(port):
            assert child.poll() is None, (folder / f"{name}.log").read_text()
            time.sleep(_PORT_LOOK_SECONDS)
        return cpu_seconds(watched)


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _cpu_of(command: list[str]) -> float:
    with subprocess.Popen(command) as child:
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
    return usage.ru_utime + usage.ru_stime


def _imports(folder: Path, name: str) -> list[tuple[str, float]]:
    """Return the packages whose modules take most of the time of importing, their dependencies apart, in ms."""
    port, log = free_port(), folder / f"{name}-imports.log"
    command = _command(folder, name, port, "-X", "importtime")
    with process(command, log, environment={"PYTHONPATH": str(ROOT)}):
        while not _is_open(port):
            time.sleep(_PORT_LOOK_SECONDS)
    taken: Counter[str] = Counter()
    for found in _IMPORT.finditer(log.read_text()):
        taken[found[2]] += int(found[1])
    return [(package, us / 1e3) for package, us in taken.most_common(_LARGEST)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench start", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="second starts of `up` (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=9, help="of each sidecar (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="replace the tables in docs/benchmark.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
