"""Fault flags: small files that tell `list` and the API which faults are active."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# A holder touches its flag every two seconds; a flag older than this belongs to a holder that died.
FRESH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Flags:
    """The flag files in one directory, or None for a demo without faults."""

    directory: Path | None

    def fresh(self, name: str) -> bool:
        """Whether the fault's flag was touched within FRESH_SECONDS."""
        if self.directory is None:
            return False
        try:
            touched = (self.directory / name).stat().st_mtime
        except OSError:
            return False
        return time.time() - touched < FRESH_SECONDS

    def in_force(self, name: str) -> bool:
        """Whether the fault is active and its holder alive."""
        return self.fresh(name) and bool(self._content(name).get("in_force"))

    def left(self, name: str) -> bool:
        """Whether there is a flag at all: the fault may need undoing."""
        return self._path(name).exists()

    def raise_(self, name: str, *, in_force: bool) -> None:
        """Write the flag: once before the fault starts (a killed holder leaves a trace), once when it is active."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"since": datetime.now(UTC).isoformat(timespec="seconds"), "in_force": in_force}
        beside = path.with_name(f".{name}.new")
        beside.write_text(json.dumps(content) + "\n", encoding="utf-8")
        beside.replace(path)

    def touch(self, name: str) -> None:
        self._path(name).touch()

    def lower(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if self.directory is None:
            raise ValueError("no directory for fault flags")
        return self.directory / name

    def _content(self, name: str) -> dict[str, object]:
        try:
            content = json.loads(self._path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
