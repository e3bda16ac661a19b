"""The library that draws the charts, as its package ships it, compressed once.

It is nearly all of what the page of a board loads: 4.8 MB, of which gzip leaves 1.47 MB and brotli 1.25. Browsers
accept brotli over TLS and on loopback.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import brotli

from exporters.core.compression import accepts

_GZIP_LEVEL = 9  # 0.2 s of CPU, once
_BROTLI_LEVEL = 7  # 1.1 s; level 5 leaves 3 % more in half of that, 11 takes 12 s
_CODINGS = ("br", "gzip")  # the smallest first
_one_at_a_time = threading.Lock()


def chart_library() -> Path | None:
    """Return the file, or None where the package is missing."""
    package = find_spec("plotly")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "package_data/plotly.min.js"


def coding_for(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """Return the best content coding that a client with these headers accepts, or None."""
    return next((coding for coding in _CODINGS if accepts(coding, headers)), None)


def compressed_library(file: Path, coding: str) -> bytes:
    """Return the file in that coding; from the second time on it is kept in memory, until the file changes."""
    with _one_at_a_time:
        return _compressed(file, file.stat().st_mtime_ns, coding)


@cache
def _compressed(file: Path, _version: int, coding: str) -> bytes:
    content = file.read_bytes()
    return brotli.compress(content, quality=_BROTLI_LEVEL) if coding == "br" else gzip.compress(content, _GZIP_LEVEL)
