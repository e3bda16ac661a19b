"""Advice on databases that was applied: a file with one JSON document a line, exposed as marks for the boards.

`pantrywatch advise --apply` writes it next to the deployment marks. Only what a mark says is read here.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.core.exposition import Family
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

APPLIED_FILE = "advice.jsonl"
KEEP_APPLIED = 50
MOST_BYTES = 1024 * 1024
_MARKS = 20
_MOST_SIGNS = 130  # a schema and a name, each of 63 bytes, with quotation marks
_LABELS = ("kind", "server", "database", "object")


@dataclass(frozen=True, slots=True)
class AppliedMark:
    """What was applied to which object, and the Unix time at which it was."""

    labels: tuple[str, str, str, str]
    timestamp_seconds: float


class AppliedAdviceCollector:
    """The newest of the file, read again at every scrape; a missing file means that nothing was applied."""

    def __init__(self, file: Path) -> None:
        """Store the path; the file need not exist."""
        self._file = file
        self._changes = ChangeLog(logger)

    def collect(self) -> Iterator[Family]:
        """Yield the single family."""
        family = Family(
            "pantrywatch_advice_applied_timestamp_seconds",
            "gauge",
            "When `pantrywatch advise --apply` last changed an object of a database; the newest 20 objects.",
            _LABELS,
        )
        for mark in self._marks():
            family.add(mark.timestamp_seconds, *mark.labels)
        yield family

    def _marks(self) -> list[AppliedMark]:
        try:
            marks, state = read_applied_marks(self._file), "ok"
        except OSError as error:
            marks, state = [], error.strerror or "unreadable"
        self._changes.report(f"applied={self._file}", state, failing=state != "ok")
        return marks


def read_documents(file: Path) -> list[dict[str, Any]]:
    """Return the documents of the file, oldest first; other lines are skipped. Raises OSError."""
    try:
        with file.open("rb") as lines:
            text = lines.read(MOST_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [found for line in text.splitlines() if (found := _document(line)) is not None]


def lines_of(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the newest documents as the file has them."""
    return "".join(f"{json.dumps(document)}\n" for document in documents[-KEEP_APPLIED:])


def read_applied_marks(file: Path) -> list[AppliedMark]:
    """Return the newest marks, oldest first, each object once. Raises OSError."""
    times = {mark.labels: mark.timestamp_seconds for mark in map(_mark, read_documents(file)) if mark is not None}
    ordered = sorted((AppliedMark(*item) for item in times.items()), key=lambda mark: mark.timestamp_seconds)
    return ordered[-_MARKS:]


def _document(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _mark(document: dict[str, Any]) -> AppliedMark | None:
    at, labels = document.get("at"), [document.get(name) for name in _LABELS]
    if not isinstance(at, int | float) or not math.isfinite(at) or at <= 0:
        return None
    kind, server, database, object_ = (str(label)[:_MOST_SIGNS] if isinstance(label, str) else "" for label in labels)
    return AppliedMark((kind, server, database, object_), float(at)) if kind and object_ else None
