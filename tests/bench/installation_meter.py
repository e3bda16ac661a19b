"""What `bench installation` reads of a Prometheus at one size: series, memory, CPU, and what its rule groups take."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.bench.installation_pages import STEP_SECONDS, lines_of
from tests.bench.pairs import cpu_seconds

_BLOCK_STEPS = 480  # two hours, as Prometheus writes its blocks
_COUNTS = 0.5  # of the time of a size: its last part, when all is scraped and rules have found it
_LOOK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Size:
    """How many instances of the API and databases there are, `routes` more on the first instance, and for how long."""

    instances: int
    databases: int
    routes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Group:
    """A rule group: its interval, and how long its last evaluations took at worst."""

    name: str
    interval: float
    seconds: float
    rules: tuple[tuple[str, float], ...]

    @property
    def share(self) -> float:
        """Return the part of its interval that it takes."""
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
    missed: int = 0
    up: int = 0
    targets: int = 0
    groups: dict[str, Group] = field(default_factory=dict)

    def answers(self) -> bool:
        """Return whether Prometheus is ready."""
        try:
            return requests.get(f"{self.url}/-/ready", timeout=5).ok
        except requests.RequestException:
            return False

    def measure(self) -> None:
        """Wait for the time of this size, and read what its last part took."""
        child = psutil.Process(self.process_id)
        end = time.monotonic() + self.size.seconds
        time.sleep(self.size.seconds * (1 - _COUNTS))
        since, before, cpu, began = time.time(), self._own(), cpu_seconds(child), time.monotonic()
        while time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
            self._look_at_rules(since)
            self.memory_bytes = max(self.memory_bytes, child.memory_info().rss)
        after, took = self._own(), time.monotonic() - began
        self.cpu_share = (cpu_seconds(child) - cpu) / took
        self.series = int(after["prometheus_tsdb_head_series"])
        samples = "prometheus_tsdb_head_samples_appended_total"
        self.samples_a_second = (after[samples] - before[samples]) / took
        missed = "prometheus_rule_group_iterations_missed_total"
        self.missed = int(after.get(missed, 0) - before.get(missed, 0))
        self._look_at_targets()

    def slowest(self) -> Group:
        """Return the group that takes most of its interval."""
        return max(self.groups.values(), key=lambda group: group.share)

    def summary(self) -> str:
        """Return a line about this size."""
        worst = self.slowest()
        return (
            f"{self.size.instances} instances, {self.size.databases} databases: {self.series:,} series, "
            f"{self.memory_bytes / 1e6:,.0f} MB, {self.cpu_share:.2f} cores, {self.up} of {self.targets} up, "
            f"{worst.name} {worst.seconds:.2f} of {worst.interval:g} s, {self.missed} missed"
        )

    def _own(self) -> dict[str, float]:
        """Return metric → sum of its series, of what Prometheus says of itself."""
        found: dict[str, float] = {}
        for line in requests.get(f"{self.url}/metrics", timeout=60).text.splitlines():
            if line.startswith(("prometheus_tsdb_head_", "prometheus_rule_group_iterations_missed")):
                series, _, value = line.rpartition(" ")
                name = series.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def _look_at_rules(self, since: float) -> None:
        groups: list[dict[str, Any]] = requests.get(f"{self.url}/api/v1/rules", timeout=60).json()["data"]["groups"]
        for group in groups:
            at = datetime.fromisoformat(group["lastEvaluation"][:19] + "+00:00").timestamp()
            known = self.groups.get(group["name"])
            if at < since or (known and known.seconds >= group["evaluationTime"]):
                continue
            rules = tuple((rule["name"], rule["evaluationTime"]) for rule in group["rules"])
            self.groups[group["name"]] = Group(group["name"], group["interval"], group["evaluationTime"], rules)

    def _look_at_targets(self) -> None:
        targets = requests.get(f"{self.url}/api/v1/targets", timeout=60).json()["data"]["activeTargets"]
        self.targets, self.up = len(targets), sum(target["health"] == "up" for target in targets)


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
