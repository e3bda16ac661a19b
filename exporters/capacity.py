"""The result of the last capacity run: a small file in Prometheus' text format, exposed as it is read.

`pantrywatch capacity` writes it next to the deployment marks. A node_exporter reads the same file from its textfile
directory.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from exporters.core.exposition import Family, render
from exporters.core.files import write_atomically
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

CAPACITY_FILE = "capacity.prom"
_MOST_BYTES = 16 * 1024
VERSION_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._+:/@-]{0,63}"
_HELP = {
    "pantrywatch_capacity_requests_per_minute": (
        "The highest rate at which one server kept its latency and error targets in the last capacity run."
    ),
    "pantrywatch_capacity_broken_requests_per_minute": "The lowest rate at which it broke one of them in that run.",
    "pantrywatch_capacity_latency_seconds": "The latency at the sustained rate, as the percentile of the target.",
    "pantrywatch_capacity_error_ratio": "The share of failed requests at the sustained rate.",
    "pantrywatch_capacity_run_timestamp_seconds": "When the run ended.",
}


@dataclass(frozen=True, slots=True)
class CapacityResult:
    """What a run found, and about which version of the application; `None` where it found nothing."""

    version: str
    requests_per_minute: float
    run_timestamp_seconds: float
    broken_requests_per_minute: float | None = None
    latency_seconds: float | None = None
    error_ratio: float | None = None

    def families(self) -> Iterator[Family]:
        """Yield a gauge for each number that is known."""
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value is not None:
                name = f"pantrywatch_capacity_{field.name}"
                yield Family(name, "gauge", _HELP[name], ("version",), [((self.version,), value)])


class CapacityCollector:
    """The result in the file, read again at every scrape; a missing file means that no run has ended yet."""

    def __init__(self, file: Path) -> None:
        """Store the path; the file need not exist."""
        self._file = file
        self._changes = ChangeLog(logger)

    def collect(self) -> Iterator[Family]:
        """Yield the families of the result; nothing, and a line in the log, for a file that is damaged."""
        try:
            result, state = read_result(self._file), "ok"
        except OSError as error:
            result, state = None, error.strerror or "unreadable"
        except ValueError as error:
            result, state = None, f"damaged: {error}"
        self._changes.report(f"capacity={self._file}", state, failing=state != "ok")
        if result:
            yield from result.families()


def write_result(file: Path, result: CapacityResult) -> None:
    """Replace the file. Raises OSError, leaving it as it was."""
    write_atomically(file, render(result.families()).decode())


def read_result(file: Path) -> CapacityResult | None:
    """Return the result in the file, None without one. Raises OSError, and ValueError for anything but a result."""
    try:
        with file.open("rb") as content:
            text = content.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(text) > _MOST_BYTES:
        raise ValueError(f"longer than {_MOST_BYTES} bytes")
    # 3 MB of memory, for a file that few have.
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415

    found: dict[str, float] = {}
    versions = set()
    for family in text_string_to_metric_families(text.decode("utf-8", "replace")):
        for sample in family.samples:
            if sample.name not in _HELP or set(sample.labels) != {"version"} or sample.name in found:
                raise ValueError("not what a capacity run writes")
            found[sample.name] = sample.value
            versions.add(sample.labels["version"])
    return _result(found, versions)


def _result(found: dict[str, float], versions: set[str]) -> CapacityResult:
    if len(versions) != 1 or not re.fullmatch(VERSION_PATTERN, version := versions.pop()):
        raise ValueError("expected one version")
    numbers = {name.removeprefix("pantrywatch_capacity_"): value for name, value in found.items()}
    if not all(0 <= value < float("inf") for value in numbers.values()):
        raise ValueError("expected numbers from 0")
    try:
        return CapacityResult(version, **numbers)
    except TypeError:
        raise ValueError("expected a rate and a time") from None
