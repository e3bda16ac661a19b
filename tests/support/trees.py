"""File trees like /proc and /sys, for kernels and containers that are not available."""

from __future__ import annotations

from pathlib import Path

from exporters.host.procfs import Roots


def tree(directory: Path, files: dict[str, str]) -> Roots:
    """Write the files, named `proc/…`, `sys/…` or `root/…`, and return their root."""
    assert len(directory.parts) > 2, f"not a folder of a test: {directory}"
    for name in ("proc", "sys", "root"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Roots(*(str(directory / name) for name in ("proc", "sys", "root")))
