"""The library that draws the charts, as its package ships it, compressed once.

It is nearly all of what the page of a board loads: 4.8 MB, of which gzip leaves 1.5 MB.
"""

from __future__ import annotations

import gzip
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_LEVEL = 9  # 0.2 s of CPU, once
_one_at_a_time = threading.Lock()


def chart_library() -> Path | None:
    """Return the file, or None where the package is missing."""
    package = find_spec("plotly")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "package_data/plotly.min.js"


def compressed_library(file: Path) -> bytes:
    """Return the file compressed with gzip; from the second time on it is kept in memory, until the file changes."""
    with _one_at_a_time:
        return _compressed(file, file.stat().st_mtime_ns)


@cache
def _compressed(file: Path, _version: int) -> bytes:
    return gzip.compress(file.read_bytes(), _LEVEL, mtime=0)
