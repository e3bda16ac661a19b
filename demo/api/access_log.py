"""The access log: one JSON object per line, bounded on disk, without secrets."""

from __future__ import annotations

import json
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

_LARGEST_FILE_BYTES = 20_000_000
_BACKUPS = 2


class AccessLog:
    """Writes to the file, or nowhere without one."""

    def __init__(self, path: Path | None) -> None:
        self._logger = logging.Logger("access", logging.INFO)  # noqa: LOG001 - private, so that two in one process stay apart
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(path, maxBytes=_LARGEST_FILE_BYTES, backupCount=_BACKUPS, encoding="utf-8")
            handler.setFormatter(logging.Formatter("%(message)s"))
            self._logger.addHandler(handler)

    def write(self, entry: dict[str, object]) -> None:
        if self._logger.handlers:
            self._logger.info("%s", json.dumps(entry, separators=(",", ":")))
