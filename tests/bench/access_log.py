"""`./run bench access-log`: the exporter of access logs, mtail and a bare parser, on the same files.

All in one run, alternating: lines per CPU-second of the whole exporter process (it reads, parses, counts, saves, and is
scraped each second), of mtail of Debian testing with the same histograms (without routes: it cannot fold ids), and of a
loop that only splits or decodes a line and counts it in a histogram by status. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil

from exporters.access_log.requests import EDGES
from exporters.core.followed_logs.records import BLOCK_BYTES
from tests.support.debian import run, unpacked_of_testing
from tests.support.exporter import exporter, fetch
from tests.support.servers import wait_until

_ROUTES = (
    "/", "/static/app.js", "/api/contacts", "/api/contacts/:id", "/api/deals", "/api/deals/:id", "/api/deals/:id/won",
    "/api/search", "/api/users/:id/avatar", "/api/auth/login",
)  # fmt: skip
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
_IDS = 2000
_PROGRAM = r"""
histogram seconds by method, status buckets EDGES
histogram behind by method buckets EDGES
histogram size by method buckets 1000, 10000, 100000, 1000000, 10000000

/"(?P<method>[A-Z]+) (?P<path>[^ ]+) HTTP\/[0-9.]+" (?P<status>\d{3}) (?P<bytes>\d+) "[^"]*" "[^"]*" (?P<seconds>[0-9.]+) (?P<behind>[0-9.]+)$/ {
  seconds[$method][$status] = $seconds
  behind[$method] = $behind
  size[$method] = $bytes
}
"""  # noqa: E501 - a pattern of one line


def _requests(number: int) -> Iterator[tuple[str, str, int, int, float]]:
    """Yield method, target, status, bytes and seconds: a fifth with a query, ids of some thousand contacts."""
    chance = random.Random(1)
    for _ in range(number):
        path = chance.choice(_ROUTES)
        while ":id" in path:
            path = path.replace(":id", str(chance.randrange(_IDS)), 1)
        query = f"?page={chance.randrange(20)}" if chance.random() < 0.2 else ""
        status = chance.choice([200] * 20 + [201, 404, 500])
        method = chance.choice(["GET"] * 5 + ["POST"])
        yield method, path + query, status, int(chance.lognormvariate(8, 1)), chance.lognormvariate(-3, 1)


def _combined(number: int) -> Iterator[str]:
    for method, target, status, size, seconds in _requests(number):
        when = "[29/Nov/2026:14:34:26 +0000]"
        tail = f'{status} {size} "https://crm.example/contacts" "{_AGENT}" {seconds:.3f} {seconds:.3f}'
        yield f'203.0.113.9 - - {when} "{method} {target} HTTP/1.1" {tail}\n'


def _json(number: int) -> Iterator[str]:
    for method, target, status, size, seconds in _requests(number):
        entry = {
            "time": "2026-11-29T14:34:26+00:00", "remote_addr": "203.0.113.9", "request_method": method,
            "request_uri": target, "server_protocol": "HTTP/1.1", "status": status, "body_bytes_sent": size,
            "request_time": round(seconds, 3), "upstream_response_time": f"{seconds:.3f}",
            "http_referer": "https://crm.example/contacts", "http_user_agent": _AGENT,
        }  # fmt: skip
        yield json.dumps(entry) + "\n"


def _blocks(file: Path) -> list[bytes]:
    """Return the file in blocks of whole lines, as the follower reads it."""
    blocks, offset = [], 0
    with file.open("rb") as log:
        while block := os.pread(log.fileno(), BLOCK_BYTES, offset):
            end = block.rfind(b"\n")
            blocks.append(block[:end])
            offset += end + 1
    return blocks


def _bare_split(blocks: list[bytes]) -> None:
    found: dict[tuple[bytes, bytes], list[int]] = {}
    for block in blocks:
        for line in block.split(b"\n"):
            pieces = line.split(b'"')
            method, _, _ = pieces[1].split(b" ")
            key = (method, pieces[2][1:4])
            counts = found.get(key)
            if counts is None:
                counts = found[key] = [0] * (len(EDGES) + 1)
            counts[bisect_left(EDGES, float(pieces[6].split(None, 1)[0]))] += 1


class _Line(msgspec.Struct, gc=False):
    request_method: str
    request_uri: str
    status: int
    body_bytes_sent: int
    request_time: float


def _bare_decode(blocks: list[bytes]) -> None:
    found: dict[tuple[str, int], list[int]] = {}
    decoder = msgspec.json.Decoder(_Line)
    for block in blocks:
        for line in decoder.decode_lines(block):
            key = (line.request_method, line.status)
            counts = found.get(key)
            if counts is None:
                counts = found[key] = [0] * (len(EDGES) + 1)
            counts[bisect_left(EDGES, line.request_time)] += 1


def _bare_seconds(parse: Callable[[list[bytes]], None], blocks: list[bytes]) -> float:
    start = time.process_time()
    parse(blocks)
    return time.process_time() - start


def _exporter_seconds(folder: Path, log: Path, layout: str, lines: int) -> float:
    """Return the CPU time of an exporter that reads the whole file: it is put where the exporter waits for it."""
    settings = f"""
environment: bench
access_log:
  state: state.json
  most_backlog_bytes: 10000000000
  files: [{{name: log, path: access.log, format: {layout}}}]
  routes: {json.dumps(list(_ROUTES))}
"""
    place = Path(tempfile.mkdtemp(dir=folder))
    with exporter(place, settings, ["access_log"]) as running:
        url = f"http://127.0.0.1:{running.port}/metrics/access_log"
        before = _cpu(running.process)
        (place / "access.log").hardlink_to(log)
        wait_until(
            lambda: (time.sleep(1), fetch(url).value("pantrywatch_access_log_lines_total", file="log"))[1] == lines,
            300,
            "all lines",
        )
        return _cpu(running.process) - before


def _mtail_seconds(mtail: Path, folder: Path, log: Path) -> float:
    program = folder / "bench.mtail"
    program.write_text(_PROGRAM.replace("EDGES", ", ".join(f"{edge:g}" for edge in EDGES)))
    command = [str(mtail), "--one_shot", "--one_shot_format", "prometheus", "--progs", str(program)]
    with subprocess.Popen(
        [*command, "--logs", str(log), "--log_dir", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout
        said = child.stdout.read().decode()
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
    counted = sum(int(line.rsplit(" ", 1)[1]) for line in said.splitlines() if line.startswith("seconds_count"))
    assert counted, f"mtail counted nothing:\n{said[:1000]}"
    return usage.ru_utime + usage.ru_stime


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Run the benchmark and print its table."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mtail = unpacked_of_testing(folder, ["mtail"]) / "mtail" if options.mtail is None else options.mtail
        print(run([str(mtail), "--version"]).strip(), flush=True)
        logs = {"combined": folder / "combined.log", "json": folder / "json.log"}
        for made, log in zip((_combined, _json), logs.values(), strict=True):
            with log.open("w") as file:
                file.writelines(made(options.lines))
        bare = {kind: _blocks(log) for kind, log in logs.items()}
        measures: dict[str, Callable[[], float]] = {
            "exporter, combined": lambda: _exporter_seconds(folder, logs["combined"], "nginx", options.lines),
            "mtail, combined": lambda: _mtail_seconds(mtail, folder, logs["combined"]),
            "bare split, combined": lambda: _bare_seconds(_bare_split, bare["combined"]),
            "exporter, JSON": lambda: _exporter_seconds(folder, logs["json"], "nginx-json", options.lines),
            "bare decode_lines, JSON": lambda: _bare_seconds(_bare_decode, bare["json"]),
        }
        rates: dict[str, list[float]] = {what: [] for what in measures}
        for _ in range(options.rounds):
            for what, seconds in measures.items():
                rates[what].append(options.lines / seconds())
        _print(rates)


def _print(rates: dict[str, list[float]]) -> None:
    print(f"{'lines per CPU-second':<28} {'best':>10} {'median':>10}")
    for what, found in rates.items():
        print(f"{what:<28} {max(found):>10,.0f} {statistics.median(found):>10,.0f}")
    for own, other in (
        ("exporter, combined", "mtail, combined"), ("exporter, combined", "bare split, combined"),
        ("exporter, JSON", "bare decode_lines, JSON"),
    ):  # fmt: skip
        of_rounds = statistics.median(a / b for a, b in zip(rates[own], rates[other], strict=True))
        print(f"{own} : {other} = {max(rates[own]) / max(rates[other]):.2f}, median of rounds {of_rounds:.2f}")


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="./run bench access-log", description=__doc__)
    parser.add_argument("--lines", type=int, default=500_000, help="of each file (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of each, alternating (default: %(default)s)")
    parser.add_argument("--mtail", type=Path, metavar="FILE", help="a program that is there, instead of Debian's")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
