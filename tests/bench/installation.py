"""`./run bench installation`: what one Prometheus takes for installations of several sizes, up to 1,000 instances.

A server on loopback goes on with the pages of a demo stack (`bench.installation_pages`). A real Prometheus scrapes them
under the configuration and the rules that the settings generate, at the real interval. The installation grows while it
runs; of each size the last part of its time counts. Then Prometheus pauses, and each rule is asked once: its CPU
counts, which is the same on a machine with other work. Where a size does not hold, two between it and the largest that
did are tried, each on a Prometheus of its own. That takes three quarters of an hour, and at most an hour and a half.

With `--pages FILE` the pages are kept there, and the next run takes them from it; `--largest N` leaves out sizes with
more instances; with `--write` the tables and the first limit replace those in docs/scale.md. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from demo.gameday.stack import running
from exporters.core.files import write_atomically
from pantrywatch.config.application import ApplicationEndpoint
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.layout import Layout
from pantrywatch.generate.prometheus import scrape_targets
from pantrywatch.generate.render import files_for, render
from pantrywatch.generate.rules import rule_files
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.state_dir import ROOT
from tests.bench.installation_meter import Meter, Size, TooLargeError, between, bytes_a_sample
from tests.bench.installation_pages import taken
from tests.bench.installation_report import limit, report, write
from tests.support.servers import free_port, process, wait_until

# Rules look back for five minutes: with less, a series whose window's start is unknown costs more than it does later.
_WINDOW_SECONDS = 330
# The first three say what 100 routes and 10 databases add. Each has more than the one before: series stay in memory.
_SIZES = (
    Size(1, 1, 0, 45, asks_rules=False),
    Size(1, 1, 100, 45, asks_rules=False),
    Size(1, 11, 100, 45, asks_rules=False),
    Size(100, 20, 100, _WINDOW_SECONDS),
    Size(300, 60, 100, _WINDOW_SECONDS),
    Size(1000, 200, 100, _WINDOW_SECONDS),
)
_MOST_BETWEEN = 2
_LAST_BEGIN_SECONDS = 3600  # no further size is tried after so long
_ONCE = ("cache", "host", "synthetic", "browser", "rum", "access_log", "database_log")


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings of any size, all of whose pages are at one address."""

    settings: Settings
    address: str
    folder: Path

    def configure(self) -> None:
        """Write the configuration of Prometheus, and its rules."""
        files = files_for("prometheus", render(self.settings, self._layout()))
        rules = rule_files(ROOT, read_targets(ROOT / "targets.yaml"), self.settings)
        for name, text in files.items() | {f"rules/{name}": text for name, text in rules.items()}.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("[]\n" if name.startswith("targets/") else text)

    def grow(self, size: Size) -> None:
        """Let Prometheus scrape an installation of this size."""
        for job, groups in scrape_targets(self._of(size), self._layout()).items():
            if job not in ("prometheus", "alertmanager", "scheduler"):
                write_atomically(self.folder / f"targets/{job}.json", json.dumps(groups))

    @contextmanager
    def paused(self, url: str) -> Iterator[None]:
        """Let Prometheus neither scrape nor evaluate until the block ends."""
        file = self.folder / "prometheus.yml"
        text = file.read_text()
        for content in ("{}\n", text):
            file.write_text(content)
            requests.post(f"{url}/-/reload", timeout=120).raise_for_status()
            if content != text:
                yield

    def _of(self, size: Size) -> Settings:
        (database,), application = self.settings.database, self.settings.application
        assert application is not None
        routes = [size.routes if number == 0 else 0 for number in range(size.instances)]
        endpoints = tuple(
            ApplicationEndpoint(f"api-{number}", self.address, f"/metrics/application?target={number}&routes={more}")
            for number, more in enumerate(routes)
        )
        databases = tuple(replace(database, name=f"database-{number}") for number in range(size.databases))
        return replace(
            self.settings, application=replace(application, endpoints=endpoints), database=databases, database_log=()
        )

    def _layout(self) -> Layout:
        jobs = ("database", *_ONCE)
        return Layout(dict.fromkeys(jobs, self.address), {"exporters": "host"}, self.address, self.address)


def main() -> None:
    """Run the benchmark and print its tables."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as name:
        folder = Path(name)
        pages = options.pages or folder / "pages.json"
        if not pages.exists():
            _take(folder, pages)
        with _served(pages, folder) as address:
            installation = Installation(read_settings(ROOT / "settings.yaml"), address, folder)
            meters = _measured(installation, [size for size in _SIZES if size.instances <= options.largest])
        text = report(meters, bytes_a_sample(pages, folder)) + "\n" + limit(meters) + "\n"
    sys.stdout.write(text)
    if options.write:
        write(text)


def _take(folder: Path, pages: Path) -> None:
    began = time.time()
    with running(folder / "state", Addresses(5000), 1, threading.Event()) as stack:
        stack.pause(30)  # each exporter has been asked, and the demo has an ordinary rate
        pages.write_text(json.dumps({"at": began, "pages": taken(stack.state)}))


@contextmanager
def _served(pages: Path, folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "bench.installation_pages", str(pages.resolve()), str(port)]
    with process(command, folder / "pages.log"):
        yield f"127.0.0.1:{port}"


def _measured(installation: Installation, sizes: Sequence[Size]) -> list[Meter]:
    """Return what each size took, the smallest first: up to the first that does not hold, and some before that one."""
    begin = time.monotonic()
    meters = list(_growing(installation, sizes))
    for _ in range(_MOST_BETWEEN):
        size = between(meters)
        if size is None or time.monotonic() > begin + _LAST_BEGIN_SECONDS:
            break
        meters += _growing(installation, [size])
    return sorted(meters, key=lambda meter: (meter.size.instances, meter.size.databases, meter.size.routes))


def _growing(installation: Installation, sizes: Sequence[Size]) -> Iterator[Meter]:
    """Yield what each size took in one Prometheus, which begins empty, up to the first that does not hold."""
    installation.configure()
    port, data = free_port(), tempfile.mkdtemp(dir=installation.folder)
    command = [
        "prometheus", f"--config.file={installation.folder}/prometheus.yml", "--storage.tsdb.retention.time=40d",
        f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{port}", "--web.enable-lifecycle",
    ]  # fmt: skip
    with process(command, installation.folder / "prometheus.log") as child:
        for size in sizes:
            meter = Meter(f"http://127.0.0.1:{port}", child.pid, size)
            try:
                _measure(installation, meter)
            except (requests.RequestException, AssertionError, TooLargeError) as error:
                meter.too_large = str(error) if isinstance(error, TooLargeError) else "Prometheus no longer responded"
            print(f"  {meter.summary()}", file=sys.stderr, flush=True)
            yield meter
            if meter.too_large:
                return


def _measure(installation: Installation, meter: Meter) -> None:
    """Let the installation grow to the meter's size, and measure it. Raises where Prometheus does not keep up."""
    wait_until(meter.answers, 60, "Prometheus answers")
    installation.grow(meter.size)
    meter.measure()
    if meter.size.asks_rules:
        groups, at = meter.rules(), time.time()
        with installation.paused(meter.url):
            meter.wait_until_idle()
            meter.measure_rules(groups, at)
        meter.require_rules_evaluated()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench installation", description=__doc__)
    parser.add_argument(
        "--pages", type=Path, metavar="FILE", help="the pages of the demo, taken and kept there at first"
    )
    parser.add_argument("--largest", type=int, default=1000, metavar="N", help="no size with more instances (1000)")
    parser.add_argument("--write", action="store_true", help="replace the tables and the first limit in docs/scale.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
