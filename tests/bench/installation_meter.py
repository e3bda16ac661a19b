"""What `bench installation` reads of a Prometheus at one size: series, memory, CPU, and what its rule groups take."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.bench.installation_pages import STEP_SECONDS, lines_of
from tests.bench.pairs import cpu_seconds
from tests.support.servers import wait_until

_BLOCK_STEPS = 480  # two hours, as Prometheus writes its blocks
_COUNTS = 0.5  # of the time of a size: its last part, when all is scraped and rules have found it
_LOOK_SECONDS = 3.0
_IDLE_SHARE, _IDLE_SECONDS = 0.05, 5


@dataclass(frozen=True, slots=True)
class Size:
    """How many instances of the API and databases there are, `routes` more on the first instance, and for how long.

    `asks_rules`: whether each rule is asked at its end.
    """

    instances: int
    databases: int
    routes: int
    seconds: float
    asks_rules: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """A rule group: its interval, the CPU of one evaluation in seconds, and that of its most expensive rule."""

    name: str
    interval: float
    seconds: float
    worst: tuple[str, float]

    @property
    def share(self) -> float:
        """Return the part of its interval that it takes, on a core of its own: its rules run one after the other."""
        return self.seconds / self.interval


@dataclass(slots=True)
class Meter:
    """One size of the installation, and what it took."""

    url: str
    process_id: int
    size: Size
    series: int = 0
    samples_a_second: float = 0.0
    memory_bytes: int = 0
    cpu_share: float = 0.0
    groups: dict[str, Group] = field(default_factory=dict)

    def answers(self) -> bool:
        """Return whether Prometheus is ready."""
        try:
            return requests.get(f"{self.url}/-/ready", timeout=5).ok
        except requests.RequestException:
            return False

    def measure(self) -> None:
        """Wait for the time of this size, and read what its last part took: scrapes and rules as they come."""
        child = psutil.Process(self.process_id)
        wait_until(self._is_scraped, 300, "all targets are scraped")
        end = time.monotonic() + self.size.seconds
        time.sleep(self.size.seconds * (1 - _COUNTS))
        before, cpu, began = self._own(), cpu_seconds(child), time.monotonic()
        while time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
            self.memory_bytes = max(self.memory_bytes, child.memory_info().rss)
        after, took = self._own(), time.monotonic() - began
        self.cpu_share = (cpu_seconds(child) - cpu) / took
        self.series = int(after["prometheus_tsdb_head_series"])
        samples = "prometheus_tsdb_head_samples_appended_total"
        self.samples_a_second = (after[samples] - before[samples]) / took

    def rules(self) -> list[dict[str, Any]]:
        """Return the rule groups, as Prometheus has them."""
        groups: list[dict[str, Any]] = requests.get(f"{self.url}/api/v1/rules", timeout=120).json()["data"]["groups"]
        return groups

    def measure_rules(self, groups: list[dict[str, Any]], at: float) -> None:
        """Ask each rule once, of a time, and read the CPU that each group takes; Prometheus must have no other work."""
        child = psutil.Process(self.process_id)
        with requests.Session() as http:
            for group in groups:
                taken = []
                for rule in group["rules"]:
                    before, form = cpu_seconds(child), {"query": rule["query"], "time": f"{at:.3f}"}
                    http.post(f"{self.url}/api/v1/query", data=form, timeout=600).raise_for_status()
                    taken.append((rule["name"], cpu_seconds(child) - before))
                total, worst = sum(seconds for _, seconds in taken), max(taken, key=lambda one: one[1])
                self.groups[group["name"]] = Group(group["name"], group["interval"], total, worst)

    def rules_share(self) -> float:
        """Return how many cores all rules take."""
        return sum(group.share for group in self.groups.values())

    def slowest(self) -> Group:
        """Return the group that takes most of its interval."""
        return max(self.groups.values(), key=lambda group: group.share)

    def summary(self) -> str:
        """Return a line about this size."""
        rules = f"; rules {self.rules_share():.2f} cores, most {self.slowest()}" if self.groups else ""
        return (
            f"{self.size.instances} instances, {self.size.databases} databases: {self.series:,} series, "
            f"{self.memory_bytes / 1e6:,.0f} MB, {self.cpu_share:.2f} cores{rules}"
        )

    def _own(self) -> dict[str, float]:
        """Return metric → sum of its series, of what Prometheus says of itself."""
        found: dict[str, float] = {}
        for line in requests.get(f"{self.url}/metrics", timeout=60).text.splitlines():
            if line.startswith("prometheus_tsdb_head_"):
                series, _, value = line.rpartition(" ")
                name = series.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def _is_scraped(self) -> bool:
        form = {
            "query": f'count(up{{job=~"application|database"}} == 1) == {self.size.instances + self.size.databases}'
        }
        answer = requests.get(f"{self.url}/api/v1/query", params=form, timeout=60).json()
        time.sleep(1)
        return bool(answer["data"]["result"])

    def wait_until_idle(self) -> None:
        """Return when Prometheus does nothing: some time after a pause begins it marks the end of all series."""
        child, quiet = psutil.Process(self.process_id), 0

        def is_idle() -> bool:
            nonlocal quiet
            before = cpu_seconds(child)
            time.sleep(1)
            quiet = quiet + 1 if cpu_seconds(child) - before < _IDLE_SHARE else 0
            return quiet >= _IDLE_SECONDS

        wait_until(is_idle, 180, "Prometheus is idle")


def bytes_a_sample(pages: Path, folder: Path) -> float:
    """Return what a sample takes on the disk, with its share of the index, in a block of an instance and a database."""
    text, data = folder / "samples.txt", folder / "block"
    with text.open("w") as file:
        file.writelines(_samples(json.loads(pages.read_text())["pages"]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    metas = [json.loads(file.read_text()) for file in data.glob("*/meta.json")]
    size = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
    samples: int = sum(meta["stats"]["numSamples"] for meta in metas)
    return size / samples


def _samples(pages: dict[str, list[str]]) -> Iterator[str]:
    start = int(time.time()) // 7200 * 7200 - 2 * 7200  # a whole block
    for job in ("application", "database"):
        for line in lines_of(pages[job]):
            if line.values:
                for step in range(_BLOCK_STEPS):
                    yield f"{line.at(step, 0.0)} {start + step * STEP_SECONDS}\n"
    yield "# EOF\n"
