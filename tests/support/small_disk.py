"""A small file system that can really be filled up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SIZE = "256k"


@contextmanager
def small_disk(folder: Path, size: str = _SIZE) -> Iterator[Path]:
    """Mount an empty file system of this size on a new folder until the block ends; skips without permission."""
    if os.geteuid() != 0:
        pytest.skip("a file system can only be mounted as root")
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill the file system to its last page; return the file that fills it. Deleting it frees the space."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as out:
        for size in (64 * 1024, 4096, 1):
            while _written(out.fileno(), size):
                pass
    return filler


def _written(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, b"x" * size) > 0
    except OSError:
        return False
