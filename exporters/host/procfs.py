"""Where the host's file systems are mounted, and how files in /proc and /sys are read."""

from __future__ import annotations

import os
from dataclasses import dataclass

_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Roots:
    """The host's /proc, /sys and / as seen from here: elsewhere in a container."""

    procfs: str
    sysfs: str
    rootfs: str

    def net(self, name: str) -> str:
        """Return the text of a file under /proc/net: process 1's, whose network is the host's. Raises OSError."""
        try:
            return self.proc(f"1/net/{name}")
        except (FileNotFoundError, PermissionError):
            return self.proc(f"net/{name}")

    def proc(self, name: str) -> str:
        """Return the text of a file under /proc. Raises OSError."""
        return read_text(f"{self.procfs}/{name}")

    def sys(self, name: str) -> str:
        """Return the text of a file under /sys without the newline at its end. Raises OSError."""
        return read_text(f"{self.sysfs}/{name}").rstrip("\n")


def read_text(path: str) -> str:
    """Return the text of a small file, as the kernel makes it up: os.read costs a fifth of open(). Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(descriptor, _CHUNK_BYTES)
        part = text
        while part and len(text) >= 1024:  # a short file comes whole; a long one may come in pages
            part = os.read(descriptor, _CHUNK_BYTES)
            text += part
    finally:
        os.close(descriptor)
    return text.decode(errors="replace")


def exists(path: str) -> bool:
    """Return whether a file is there: a kernel without a feature lacks its file, which is no failure."""
    return os.path.exists(path)  # noqa: PTH110 - a string is what the readers above take
