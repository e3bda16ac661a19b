"""Until when the history of this Prometheus was generated: a small JSON file, exposed as a metric.

`./run up --history` writes it next to the deployment marks. Without the file all history was measured, and nothing is
exposed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from exporters.core.exposition import Family
from exporters.core.files import write_atomically
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

GENERATED_FILE = "generated.json"
_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class GeneratedHistory:
    """Made-up history of `days` days from `seed`, with so many samples; it ends at `until_seconds` (unix seconds)."""

    until_seconds: float
    days: int
    seed: int
    samples: int


class GeneratedCollector:
    """The end of the generated history in the file, read again at every scrape; a missing file means none."""

    def __init__(self, file: Path) -> None:
        """Store the path; the file need not exist."""
        self._file = file
        self._changes = ChangeLog(logger)

    def collect(self) -> Iterator[Family]:
        """Yield the single family; nothing, and a line in the log, for a file that is damaged."""
        try:
            found, state = read_generated(self._file), "ok"
        except OSError as error:
            found, state = None, error.strerror or "unreadable"
        except ValueError as error:
            found, state = None, f"damaged: {error}"
        self._changes.report(f"generated={self._file}", state, failing=state != "ok")
        if found:
            text = "Unix time until which `./run up --history` made the history up; what is later was measured."
            yield Family("pantrywatch_generated_until_seconds", "gauge", text, (), [((), found.until_seconds)])


def write_generated(file: Path, history: GeneratedHistory) -> None:
    """Replace the file. Raises OSError, leaving it as it was."""
    write_atomically(file, json.dumps(asdict(history)) + "\n")


def read_generated(file: Path) -> GeneratedHistory | None:
    """Return what the file says, None without one. Raises OSError, and ValueError for anything else in it."""
    try:
        with file.open("rb") as content:
            text = content.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    try:
        found = json.loads(text)
        history = GeneratedHistory(
            float(found["until_seconds"]), int(found["days"]), int(found["seed"]), int(found["samples"])
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise ValueError("not what `./run up --history` writes") from None
    if not 0 < history.until_seconds < 1e11:
        raise ValueError("expected a time")
    return history
