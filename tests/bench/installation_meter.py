"""What `bench installation` reads of a Prometheus at one size: series, memory, CPU, and what its rule groups take."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
_ITERATIONS = "prometheus_rule_group_iterations"
_IDLE_SHARE, _IDLE_SECONDS = 0.05, 5
_SCRAPED_SECONDS = 300.0  # within which all have to be scraped
_ASKED_SECONDS = 600.0  # for all rules, one by one
_MOST_MEMORY_PERCENT = 92.0
_MOST_MISSED = 0.02  # of the evaluations of rule groups


class TooLargeError(Exception):
    """An installation of this size does not hold on this machine; the text says why."""


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
    missed: float = 0.0  # share of the rule groups' evaluations that were left out
    too_large: str = ""  # why this size does not hold
    groups: dict[str, Group] = field(default_factory=dict)

    def answers(self) -> bool:
        """Return whether Prometheus is ready."""
        try:
            return requests.get(f"{self.url}/-/ready", timeout=5).ok
        except requests.RequestException:
            return False

    def measure(self) -> None:
        """Wait for the time of this size, and read what its last part took. Raises TooLargeError."""
        child = psutil.Process(self.process_id)
        self._wait_until_scraped()
        end = time.monotonic() + self.size.seconds
        time.sleep(self.size.seconds * (1 - _COUNTS))
        before, cpu, began = self._own(), cpu_seconds(child), time.monotonic()
        while time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
            self.memory_bytes = max(self.memory_bytes, child.memory_info().rss)
            _require_memory()
        after, took = self._own(), time.monotonic() - began
        grown = {name: value - before.get(name, 0.0) for name, value in after.items()}
        self.cpu_share = (cpu_seconds(child) - cpu) / took
        self.series = int(after["prometheus_tsdb_head_series"])
        self.samples_a_second = grown["prometheus_tsdb_head_samples_appended_total"] / took
        self.missed = grown[f"{_ITERATIONS}_missed_total"] / grown[f"{_ITERATIONS}_total"]

    def require_rules_evaluated(self) -> None:
        """Raise TooLargeError where rule groups were evaluated less often than they have to be."""
        if self.missed > _MOST_MISSED:
            raise TooLargeError(f"{self.missed:.0%} of the evaluations of rule groups were left out")

    def _wait_until_scraped(self) -> None:
        end = time.monotonic() + _SCRAPED_SECONDS
        wanted = self.size.instances + self.size.databases
        while (found := self._scraped()) < wanted:
            _require_memory()
            if time.monotonic() > end:
                raise TooLargeError(f"{found:,} of {wanted:,} targets were scraped within {_SCRAPED_SECONDS:g} s")

    def rules(self) -> list[dict[str, Any]]:
        """Return the rule groups, as Prometheus has them."""
        groups: list[dict[str, Any]] = requests.get(f"{self.url}/api/v1/rules", timeout=120).json()["data"]["groups"]
        return groups

    def measure_rules(self, groups: list[dict[str, Any]], at: float) -> None:
        """Ask each rule once, of a time, and read the CPU that each group takes; Prometheus must have no other work.

        Raises TooLargeError.
        """
        child, end = psutil.Process(self.process_id), time.monotonic() + _ASKED_SECONDS
        with requests.Session() as http:
            for group in groups:
                if time.monotonic() > end:
                    raise TooLargeError(f"asking each rule once took longer than {_ASKED_SECONDS / 60:g} minutes")
                taken = []
                for rule in group["rules"]:
                    before, form = cpu_seconds(child), {"query": rule["query"], "time": f"{at:.3f}"}
                    http.post(f"{self.url}/api/v1/query", data=form, timeout=120).raise_for_status()
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
        rules = f"; rules {self.rules_share():.2f} cores, most of them {self.slowest().name}" if self.groups else ""
        return (
            f"{self.size.instances} instances, {self.size.databases} databases: {self.series:,} series, "
            f"{self.memory_bytes / 1e6:,.0f} MB, {self.cpu_share:.2f} cores, {self.missed:.1%} missed{rules}"
            + (f"; too many: {self.too_large}" if self.too_large else "")
        )

    def _own(self) -> dict[str, float]:
        """Return metric → sum of its series, of what Prometheus says of itself."""
        found: dict[str, float] = {}
        for line in requests.get(f"{self.url}/metrics", timeout=60).text.splitlines():
            if line.startswith(("prometheus_tsdb_head_", _ITERATIONS)):
                series, _, value = line.rpartition(" ")
                name = series.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def _scraped(self) -> int:
        """Return how many instances and databases respond; asked once a second."""
        time.sleep(1)
        form = {"query": 'count(up{job=~"application|database"} == 1)'}
        answer = requests.get(f"{self.url}/api/v1/query", params=form, timeout=60).json()
        return sum(int(row["value"][1]) for row in answer["data"]["result"])

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


def between(meters: Sequence[Meter]) -> Size | None:
    """Return the size to try next, halfway from the largest that holds to the smallest that does not, if any."""
    good = [(meter.size.instances, meter.size.databases) for meter in meters if not meter.too_large]
    bad = [meter.size for meter in meters if meter.too_large]
    if not bad or not good:
        return None
    low, high = max(good), min(bad, key=lambda size: size.instances)
    return replace(high, instances=(low[0] + high.instances) // 2, databases=(low[1] + high.databases) // 2)


def _require_memory() -> None:
    if (used := psutil.virtual_memory().percent) > _MOST_MEMORY_PERCENT:
        raise TooLargeError(f"{used:.0f} % of the machine's memory was used")


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
