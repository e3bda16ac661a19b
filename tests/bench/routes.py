"""`./run bench routes`: what boards and rules cost where an API has many routes on many instances; nothing is asserted.

48,000 series: 200 routes on 20 instances, each a histogram of ten buckets, half an hour of them. A real Prometheus
without targets is asked, and its CPU counts, not its time: what else the machine does matters little. First the queries
of the boards over that half hour: of all instances, as the rules record them, and of each instance by its name, from
every series. Then the rules that read these series, each once.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import requests
import yaml

from pantrywatch.native.state_dir import ROOT
from tests.boards.live import Live
from tests.boards.substitution import Variable
from tests.support.servers import free_port, process, wait_until
from tools.board_lint.model import Board, read_boards

_ROUTES = 200
_INSTANCES = 20
_EDGES = ("0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf")
_SHARES = (0.2, 0.4, 0.6, 0.8, 0.9, 0.96, 0.98, 0.99, 0.999, 1.0)
_STEP_SECONDS = 15
_SECONDS = 1800
_LONG_SECONDS = 0.1
_TIMES = 5
_FAMILY = "http_server_request_duration_seconds"
_RATES = [random.Random(seed).uniform(0.01, 2) for seed in range(_ROUTES)]


def main() -> None:
    """Run the benchmark and print its tables."""
    argparse.ArgumentParser(prog="./run bench routes", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as name:
        folder, end = Path(name), int(time.time())
        _write_requests(folder, end)
        with _prometheus(folder) as server:
            _write_recorded(folder, server.url, end)
        with _prometheus(folder) as server:
            _print_boards(server, end)
            _print_rules(server, end)


def _write_requests(folder: Path, end: int) -> None:
    text = folder / "requests.txt"
    with text.open("w") as file:
        for suffix in ("bucket", "sum", "count"):
            file.write(f"# TYPE {_FAMILY}_{suffix} gauge\n")
            for second in range(end - _SECONDS, end + 1, _STEP_SECONDS):
                file.writelines(_lines(suffix, second))
        file.write("# EOF\n")
    _promtool(folder, "openmetrics", str(text), "data")
    text.unlink()


def _lines(suffix: str, second: int) -> Iterator[str]:
    for route, rate in enumerate(_RATES):
        count = rate * (second % 86400 + 86400)
        group, action = ("api", "critical")[route % 4 > 0], f',action="Activity {route}"' if route < 8 else ""
        labels = (
            f'job="application",http_request_method="{("GET", "POST")[route % 2]}",http_response_status_code="200",'
            f'http_route="/api/things-{route}/{{id}}",route_group="{group}"{action}'
        )
        edges = [f',le="{edge}"' for edge in _EDGES] if suffix == "bucket" else [""]
        values = (
            [count * share for share in _SHARES] if suffix == "bucket" else [count * 0.08 if suffix == "sum" else count]
        )
        for instance in range(_INSTANCES):
            for edge, value in zip(edges, values, strict=True):
                yield f'{_FAMILY}_{suffix}{{{labels},instance="app-{instance}:8000"{edge}}} {value:.0f} {second}\n'


def _write_recorded(folder: Path, url: str, end: int) -> None:
    """Write what the rules would have recorded of the requests."""
    groups = yaml.safe_load((ROOT / "alert_rules/generated/api.yml").read_text())["groups"]
    (folder / "recorded.yml").write_text(yaml.safe_dump({"groups": [g for g in groups if g["name"] == "api.requests"]}))
    times = (f"--start={end - _SECONDS}", f"--end={end}")
    _promtool(folder, "rules", f"--url={url}", *times, "--output-dir=data", "recorded.yml")


def _promtool(folder: Path, *arguments: str) -> None:
    subprocess.run(["promtool", "tsdb", "create-blocks-from", *arguments], cwd=folder, check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class _Server:
    url: str
    running: psutil.Process

    def cpu_ms(self, path: str, form: dict[str, str]) -> float:
        """Return its milliseconds of CPU for an answer: of one that takes long, else the mean of some after it."""
        begun, times = self._cpu_seconds(), 1
        self._answer(path, form)
        if self._cpu_seconds() - begun < _LONG_SECONDS:
            begun, times = self._cpu_seconds(), _TIMES
            for _ in range(_TIMES):
                self._answer(path, form)
        return 1e3 * (self._cpu_seconds() - begun) / times

    def _answer(self, path: str, form: dict[str, str]) -> None:
        requests.post(f"{self.url}/api/v1/{path}", data=form, timeout=300).raise_for_status()

    def _cpu_seconds(self) -> float:
        times = self.running.cpu_times()
        return times.user + times.system


@contextmanager
def _prometheus(folder: Path) -> Iterator[_Server]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (folder / "prometheus.yml").write_text("{}\n")
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--query.timeout=5m",
    ]
    with process(command, folder / "prometheus.log") as child:
        wait_until(lambda: _is_ready(url), 120, "Prometheus on half an hour of requests")
        yield _Server(url, psutil.Process(child.pid))


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


@dataclass(frozen=True, slots=True)
class _EachInstance(Live):
    """Asks for each instance by its name."""

    def variables(self, board: Board) -> dict[str, Variable]:
        found = Live.variables(self, board)
        chosen = found.get("application")
        return found if chosen is None else {**found, "application": replace(chosen, value=list(chosen.options))}


def _print_boards(server: _Server, end: int) -> None:
    print("| board | queries | CPU ms | by name | ratio | worst | by name | ratio | worst by name |")
    print("|---|---|---|---|---|---|---|---|---|")
    for board in read_boards():
        pairs = zip(
            Live(server.url, _SECONDS, _STEP_SECONDS).questions(board),
            _EachInstance(server.url, _SECONDS, _STEP_SECONDS).questions(board),
            strict=True,
        )
        rows = []
        for every, named in pairs:
            if _FAMILY in named.expr:
                path, times = ("query", {"time": str(end)}) if every.instant else ("query_range", _range(end))
                costs = [server.cpu_ms(path, {"query": question.expr, **times}) for question in (every, named)]
                rows.append((*costs, f"{named.panel.title} {named.number}"))
        if rows:
            _print_board(board.uid, rows)


def _range(end: int) -> dict[str, str]:
    return {"start": str(end - _SECONDS), "end": str(end), "step": str(_STEP_SECONDS)}


def _print_board(uid: str, rows: list[tuple[Any, ...]]) -> None:
    every, named = (sum(row[column] for row in rows) for column in (0, 1))
    worst, (_, worst_named, title) = max(row[0] for row in rows), max(rows, key=lambda row: row[1])
    cells = (
        uid, len(rows), f"{every:.0f}", f"{named:.0f}", f"{every / named:.2f}",
        f"{worst:.0f}", f"{worst_named:.0f}", f"{worst / worst_named:.2f}", title,
    )  # fmt: skip
    print(f"| {' | '.join(map(str, cells))} |")


def _print_rules(server: _Server, end: int) -> None:
    print("\n| group | every | CPU ms | of a core | most of it | CPU ms |\n|---|---|---|---|---|---|")
    found = []
    for file in sorted((ROOT / "alert_rules/generated").glob("*.yml")):
        for group in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["groups"]:
            rules = [rule for rule in group["rules"] if _FAMILY in rule["expr"]]
            costs = [(server.cpu_ms("query", {"query": rule["expr"], "time": str(end)}), _name(rule)) for rule in rules]
            if costs:
                found.append((sum(cost for cost, _ in costs), group["name"], group.get("interval", "15s"), max(costs)))
    for cost, name, interval, (most, rule) in sorted(found, reverse=True):
        share = cost / 1e3 / (int(interval[:-1]) * {"s": 1, "m": 60, "h": 3600}[interval[-1]])
        print(f"| {name} | {interval} | {cost:.0f} | {share:.2%} | {rule} | {most:.0f} |")


def _name(rule: dict[str, str]) -> str:
    return rule.get("record") or rule["alert"]


if __name__ == "__main__":
    main()
