"""The exporter as operators run it: a process of its own, scraped over HTTP."""

from __future__ import annotations

import os
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.servers import free_port, process, wait_until

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Page:
    """One answered scrape, parsed; `seconds` is the response time, `types` is from the TYPE lines."""

    text: str
    seconds: float
    families: dict[str, Metric]
    types: dict[str, str]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the one sample with this name that has these labels (and perhaps more), or None."""
        found = [value for sample, value in self.samples(name) if labels.items() <= sample.items()]
        assert len(found) < 2, f"{name}{labels}: {len(found)} samples"
        return found[0] if found else None

    def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of every sample with exactly this name on the page."""
        # The parser adds `_total` to counters without it.
        parsed = f"{name}_total" if self.types.get(name) == "counter" and not name.endswith("_total") else name
        return [
            (sample.labels, sample.value)
            for family in self.families.values()
            for sample in family.samples
            if sample.name == parsed
        ]

    def error_classes(self) -> dict[str, str]:
        """Return collector → class of the collectors that fail."""
        return {labels["collector"]: labels["class"] for labels, _ in self.samples("pantrywatch_collector_error")}


def page(text: str, seconds: float = 0.0) -> Page:
    """Return a metrics page as parsed by prometheus_client."""
    types = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))
    return Page(text, seconds, {family.name: family for family in text_string_to_metric_families(text)}, types)


def fetch(url: str, timeout: float = 3.0) -> Page:
    """Scrape as Prometheus does: the response must arrive within the timeout that the request carries."""
    request = urllib.request.Request(url, headers={"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)})  # noqa: S310 - loopback
    start = time.monotonic()
    with urllib.request.urlopen(request, timeout=timeout + 5) as answer:  # noqa: S310 - loopback
        text = answer.read().decode()
    seconds = time.monotonic() - start
    # Where processes wait for a processor, so does this one, in proportion.
    grace = max(0.0, os.getloadavg()[0] / (os.cpu_count() or 1) - 1)
    assert seconds <= timeout + grace, f"answered after {seconds:.3f} s, the scrape's timeout is {timeout} s"
    return page(text, seconds)


@dataclass(frozen=True, slots=True)
class Exporter:
    """A running `pantrywatch-exporter serve`."""

    port: int
    process: psutil.Process
    log: Path

    def scrape(self, path: str = "/metrics", timeout: float = 3.0) -> Page:
        """Return the page at this path; fails if it takes longer than the timeout."""
        return fetch(f"http://127.0.0.1:{self.port}{path}", timeout)

    def has_run_all_queries(self) -> bool:
        """Return whether every background query of the database exporter has run, in each database.

        `wal` is the last that runs in one database. The results of those that go on to the others are stored after it,
        `sequences` as the last.
        """
        page = self.scrape("/metrics/database")
        return all(page.value("pantrywatch_query_success", query=last) is not None for last in ("wal", "sequences"))


@contextmanager
def exporter(
    directory: Path, settings_text: str, names: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Exporter]:
    """Run the named exporters with these settings (none: all) until the block ends."""
    directory.mkdir(parents=True, exist_ok=True)
    settings, log, port = directory / "settings.yaml", directory / "exporter.log", free_port()
    settings.write_text(settings_text)
    command = [sys.executable, "-m", "exporters", "--settings", str(settings), "serve", *names]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {"PYTHONPATH": paths, **(environment or {})}
    with process([*command, "--listen", f"127.0.0.1:{port}"], log, environment=environment, cwd=directory) as child:

        def answers() -> bool:
            assert child.poll() is None, f"the exporter ended:\n{log.read_text()[-2000:]}"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
            except OSError:
                return False
            return True

        wait_until(answers, 15, "the exporter answers")
        yield Exporter(port, psutil.Process(child.pid), log)
