"""The files next to the deployment marks, exposed as metrics; loaded where the settings name a file for the marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from exporters.applied_advice import APPLIED_FILE, AppliedAdviceCollector
from exporters.capacity import CAPACITY_FILE, CapacityCollector
from exporters.core.exposition import AnyFamily
from exporters.deployments import DeploymentCollector
from exporters.generated import GENERATED_FILE, GeneratedCollector


class BesideMarks:
    """The deployment marks, applied advice, the last capacity run and the end of a generated history."""

    def __init__(self, marks: Path) -> None:
        """Take the file of the marks; none of the files need exist."""
        self._collectors = (
            DeploymentCollector(marks),
            AppliedAdviceCollector(marks.with_name(APPLIED_FILE)),
            CapacityCollector(marks.with_name(CAPACITY_FILE)),
            GeneratedCollector(marks.with_name(GENERATED_FILE)),
        )

    def collect(self) -> Iterator[AnyFamily]:
        """Yield the families of all files; each is read again."""
        for collector in self._collectors:
            yield from collector.collect()
