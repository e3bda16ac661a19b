"""`./run bench rum`: the receiver of beacons beside the same handler under Starlette, and beside a bare loop.

All in one run, alternating: beacons answered per CPU-second of the server (wrk sends; each beacon has its own id and
six values), memory; then what a scrape of 600 histogram children costs, beside prometheus_client's renderer; then the
latency of beacons at 10,000 a second, without and with a scrape each second. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from exporters.core.exposition import render
from exporters.rum.metrics import HISTOGRAMS, LABELS, Metrics
from tests.bench.rum_load import paced
from tests.bench.rum_servers import OPEN
from tests.support.exporter import exporter
from tests.support.servers import free_port, process, wait_until

ROOT = Path(__file__).parents[2]
_CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
_BEACON = {
    "navigation": "hard", "route": "/contacts/:id", "device": "desktop", "connection": "4g",
    "vitals": {"lcp": 1834.2, "fid": 12.1, "cls": 0.0312, "fcp": 912.4, "ttfb": 131.9, "inp": 88.0, "load": 2103.5},
    "interactions": 7,
}  # fmt: skip
_SCRIPT = """
local head, before, after, n = %s, %s, %s, 0
math.randomseed(os.time())
local run = math.random(0, 1073741823)
function request()
  n = n + 1
  return head .. before .. string.format("%%08x%%08x", run, n) .. after
end
function response(status) if status ~= 204 then print("status " .. status) end end
"""


def head(length: int) -> str:
    """Return the head of a request as a browser's, passed on by nginx."""
    lines = (
        "POST /rum HTTP/1.1", "Host: crm.example", "X-Forwarded-Proto: https", "X-Forwarded-For: 198.51.100.7",
        f"Content-Length: {length}", f"User-Agent: {_CHROME}", "Content-Type: text/plain;charset=UTF-8",
        "Accept: */*", "Origin: https://crm.example", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors",
        "Sec-Fetch-Dest: empty", "Referer: https://crm.example/contacts", "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept-Language: en-US,en;q=0.9",
    )  # fmt: skip
    return "\r\n".join(lines) + "\r\n\r\n"


def parts() -> tuple[bytes, bytes, bytes]:
    """Return a request's head, and its body before and after the id of 16 digits."""
    before, after = b'{"id":"', b'",' + json.dumps(_BEACON, separators=(",", ":")).encode()[1:]
    return head(len(before) + 16 + len(after)).encode(), before, after


@dataclass(slots=True)
class _Server:
    name: str
    port: int
    process: psutil.Process
    rates: list[float] = field(default_factory=list)
    per_cpu: list[float] = field(default_factory=list)

    def load(self, script: Path, seconds: int) -> None:
        """Send as many beacons as it takes, and note how many were answered for a second of its CPU."""
        before = _cpu(self.process)
        command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{self.port}/rum"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        used = _cpu(self.process) - before
        match = re.search(r"(\d+) requests in ([\d.]+)s", said)
        assert match, said
        assert "status" not in said, f"{self.name}: {said[:500]}"
        self.rates.append(int(match[1]) / float(match[2]))
        self.per_cpu.append(int(match[1]) / used)

    def row(self, ours: float) -> str:
        """Return the line of the table."""
        memory = self.process.memory_info().rss / 1e6
        best, middle = max(self.per_cpu), statistics.median(self.per_cpu)
        numbers = f"{max(self.rates):>10,.0f} {best:>12,.0f} {middle:>12,.0f} {ours / best:>8.2f} {memory:>8.1f}"
        return f"{self.name:<32} {numbers}"


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="./run bench rum", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each server, alternating (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=4, help="of each round (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=10_000, help="beacons a second for latency (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        script = folder / "beacon.lua"
        script.write_text(_SCRIPT % tuple(json.dumps(part.decode()) for part in parts()))
        receiver, page = stack.enter_context(_receiver(folder))
        servers = [receiver, *(stack.enter_context(_peer(folder, name)) for name in ("starlette", "bare"))]
        _compare(servers, script, options.rounds, options.seconds)
        _rendering()
        _latency(receiver, page, options.rate)


def _compare(servers: list[_Server], script: Path, rounds: int, seconds: int) -> None:
    idle = servers[0].process.memory_info().rss / 1e6
    for _ in range(rounds):
        for server in servers:
            server.load(script, seconds)
    print(f"{'server':<32} {'beacons/s':>10} {'per CPU-s':>12} {'median':>12} {'ours:it':>8} {'RSS MB':>8}")
    for server in servers:
        print(server.row(max(servers[0].per_cpu)))
    print(f"receiver before the first beacon: {idle:.1f} MB RSS", flush=True)


def _rendering() -> None:
    """Print what a page of 600 histogram children costs, ours and prometheus_client's, alternating."""
    ours, registry = Metrics(60), CollectorRegistry()
    theirs = {
        name: Histogram(name, text, LABELS, buckets=edges, registry=registry)
        for name, (edges, text) in HISTOGRAMS.items()
    }
    for name, histogram in theirs.items():
        for number in range(60):
            labels = ("hard", f"/route/{number}", "desktop", "4g")
            for value in (0.01, 0.3, 2.0):
                ours.observe(labels, [(name, value)])
                histogram.labels("field", *labels).observe(value)

    def page() -> bytes:
        return render(ours.families())

    def their_page() -> bytes:
        return generate_latest(registry)

    seconds: dict[Callable[[], bytes], list[float]] = {page: [], their_page: []}
    for _ in range(20):
        for run, found in seconds.items():
            start = time.process_time()
            run()
            found.append(time.process_time() - start)
    own, other = (min(found) * 1e3 for found in seconds.values())
    size = len(page().splitlines())
    print(
        f"page of 600 children, {size} lines: {own:.1f} ms, prometheus_client {other:.1f} ms, {other / own:.1f} times",
        flush=True,
    )


def _latency(receiver: _Server, page: str, rate: int) -> None:
    """Print the latency of beacons at a fixed rate, without and with scrapes, alternating."""
    for _ in range(3):
        for scraped in (False, True):
            done = threading.Event()
            scraper = threading.Thread(target=_scrape, args=(page, done)) if scraped else None
            if scraper:
                scraper.start()
            seconds = paced(receiver.port, parts(), rate=rate, seconds=8)
            done.set()
            if scraper:
                scraper.join()
            cuts = statistics.quantiles(seconds, n=1000)
            told = f"p50 {cuts[499] * 1e3:.2f} ms, p99 {cuts[989] * 1e3:.2f}, p99.9 {cuts[998] * 1e3:.2f}"
            print(f"{rate:,} a second, {'a scrape each second' if scraped else 'no scrape':<22} {told}", flush=True)


def _scrape(url: str, done: threading.Event) -> None:
    while not done.wait(1.0):
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - loopback
            answer.read()


@contextmanager
def _receiver(folder: Path) -> Iterator[tuple[_Server, str]]:
    port = free_port()
    routes = json.dumps(list(OPEN.routes))
    settings = (
        f'environment: bench\nrum: {{listen: "127.0.0.1:{port}", routes: {routes}, '
        f"client_rate: {OPEN.client_rate}, total_rate: {OPEN.total_rate}}}\n"
    )
    with exporter(folder / "ours", settings, ["rum"]) as running:
        yield _Server("pantrywatch: rum", port, running.process), f"http://127.0.0.1:{running.port}/metrics/rum"


@contextmanager
def _peer(folder: Path, name: str) -> Iterator[_Server]:
    port = free_port()
    command = [sys.executable, "-m", "bench.rum_servers", name, str(port)]
    titles = {"starlette": "Starlette, uvicorn, uvloop", "bare": "bare loop: httptools, msgspec"}
    with process(
        command, folder / f"{name}.log", cwd=ROOT / "tests", environment={"PYTHONPATH": f"{ROOT}:{ROOT}/tests"}
    ) as running:
        wait_until(lambda: _listens(port), 30, f"{name} listens")
        yield _Server(titles[name], port, psutil.Process(running.pid))


def _listens(port: int) -> bool:
    return any(one.laddr[1:] == (port,) for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
